// Names for completion, read from the files of the project alone: quick enough for a key press, so nothing is verified.
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { findProject } from "../synth/find.ts";

export const listedKinds = ["nodes", "groups", "stacks"] as const;
export type ListedKind = (typeof listedKinds)[number];

export function isListedKind(text: string): text is ListedKind {
  return listedKinds.some((kind) => kind === text);
}

/** What a completion may offer is put into a shell's words: nothing but these. */
const harmless = /^[A-Za-z0-9_.][A-Za-z0-9_./-]{0,255}$/;
const fileLimit = 16 * 1024 * 1024;

interface Member {
  readonly name: string;
  readonly groups: readonly string[];
}

/** One name each, sorted; none where there is no project or no mesh yet. */
export function listNames(kind: ListedKind, cwd: string): readonly string[] {
  const project = findProject(cwd);
  if (project === undefined) return [];
  const names = kind === "stacks" ? stacksOf(project) : membersOf(project).flatMap((member) => namesOf(kind, member));
  return [...new Set(names)].filter((name) => harmless.test(name)).toSorted();
}

function namesOf(kind: "nodes" | "groups", { name, groups }: Member): readonly string[] {
  return kind === "nodes" ? [name] : groups;
}

/** Names of the stacks in stacks/, as commands take them. */
function stacksOf(project: string): readonly string[] {
  return filesOf(path.join(project, "stacks"), ".ts").map((file) => path.basename(file, ".ts"));
}

/** Members of all stages: of what was signed the last word about each. */
function membersOf(project: string): readonly Member[] {
  const members = new Map<string, Member>();
  for (const file of filesOf(path.join(project, "mesh"), ".jsonl")) {
    for (const line of readSmall(file).split("\n")) readItem(parse(line), members);
  }
  for (const file of filesOf(path.join(project, ".tm/known"), ".json")) {
    const { items } = fieldsOf(parse(readSmall(file)));
    for (const kept of Array.isArray(items) ? items : []) readItem(fieldsOf(kept)["item"] ?? kept, members);
  }
  return [...members.values()];
}

function readItem(item: unknown, members: Map<string, Member>): void {
  const { body } = fieldsOf(item);
  const { nid, name, groups, op, via } = fieldsOf(typeof body === "string" ? parse(body) : undefined);
  const { type, nid: revoked } = fieldsOf(op);
  if (type === "node.revoke") members.delete(String(revoked));
  // A client is no host that a command could go to.
  if (typeof nid !== "string" || typeof name !== "string" || via !== undefined) return;
  members.set(nid, { name, groups: Array.isArray(groups) ? groups.map(String) : [] });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Undefined for a line that is torn or in conflict: a completion has no place to complain. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function filesOf(folder: string, ending: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(ending));
    return names.map((name) => path.join(folder, name));
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

function readSmall(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() && found.size <= fileLimit ? readFileSync(file, "utf8") : "";
}
