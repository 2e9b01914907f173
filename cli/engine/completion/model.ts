// What a shell can complete after tm, taken from the commands' own metadata; the three scripts are made from it.
import type { ListedKind } from "./names.ts";

/** What a value is: names that tm lists, paths, fixed words, or something only its user knows. */
export type Value = ListedKind | "files" | "folders" | "anything" | readonly string[];

export interface CompletedFlag {
  readonly name: string;
  readonly char: string | undefined;
  readonly summary: string;
  /** Undefined for a switch. */
  readonly value: Value | undefined;
}

export interface CompletedCommand {
  /** "deploy", "local up" */
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly argument: Value | undefined;
}

export interface CompletedTopic {
  readonly name: string;
  readonly summary: string;
}

export interface Completed {
  readonly commands: readonly CompletedCommand[];
  /** First words that need a second one. */
  readonly topics: readonly CompletedTopic[];
}

/** The part of oclif's metadata that counts. */
export interface CommandMetadata {
  readonly id: string;
  readonly hidden?: boolean;
  readonly summary?: string | undefined;
  readonly args: Readonly<Record<string, { readonly options?: readonly string[] }>>;
  readonly flags: Readonly<Record<string, FlagMetadata>>;
}

interface FlagMetadata {
  readonly type: string;
  readonly char?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly helpValue?: string | readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

const argumentValues: Readonly<Record<string, Value>> = {
  node: "nodes",
  name: "nodes",
  stack: "stacks",
  folder: "folders",
  file: "files",
};
const flagValues: Readonly<Record<string, Value>> = {
  NODE: "nodes",
  GROUP: "groups",
  STACK: "stacks",
  FILE: "files",
  FOLDER: "folders",
};

/** @param topics descriptions by name, of package.json */
export function describeCompletion(
  commands: readonly CommandMetadata[],
  topics: Readonly<Record<string, { readonly description?: string }>>,
): Completed {
  const shown = commands.filter(({ hidden }) => !hidden).map(describeCommand);
  const firsts = new Set(shown.flatMap(({ name }) => (name.includes(" ") ? [name.split(" ")[0] ?? ""] : [])));
  return {
    commands: shown.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
    topics: [...firsts].toSorted().map((name) => ({ name, summary: topics[name]?.description ?? "" })),
  };
}

function describeCommand({ id, summary = "", args, flags }: CommandMetadata): CompletedCommand {
  const [argument] = Object.entries(args);
  const visible = Object.entries(flags).filter(([, flag]) => !flag.hidden);
  const help: CompletedFlag = { name: "help", char: undefined, summary: "Show help.", value: undefined };
  return {
    name: id.replaceAll(":", " "),
    summary,
    argument: argument === undefined ? undefined : (argument[1].options ?? argumentValues[argument[0]] ?? "anything"),
    flags: [...visible.map(([name, flag]) => describeFlag(name, flag)), help].toSorted((left, right) =>
      left.name < right.name ? -1 : 1,
    ),
  };
}

function describeFlag(name: string, flag: FlagMetadata): CompletedFlag {
  const value = flag.options ?? flagValues[String(flag.helpValue)] ?? "anything";
  const summary = flag.summary ?? flag.description ?? "";
  return { name, char: flag.char, summary, value: flag.type === "boolean" ? undefined : value };
}
