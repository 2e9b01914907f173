// Finds the stack file that a command means, and the project it belongs to (life.md §9).
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

export interface FoundStack {
  /** Absolute. */
  readonly stackFile: string;
  /** Absolute: the folder that holds mesh/ and .tm/. */
  readonly projectFolder: string;
}

/**
 * The argument, else .tm/current, else the nearest stack.ts upwards.
 * @throws TunnelMeshError TM_STACK_NOT_FOUND
 */
export function findStack(argument: string | undefined, cwd: string): FoundStack {
  const file = argument === undefined ? (currentStack(cwd) ?? nearestStack(cwd)) : namedStack(argument, cwd);
  if (file === undefined) {
    throw new TunnelMeshError("TM_STACK_NOT_FOUND", {
      detail: argument === undefined ? `none in ${cwd} or above it` : `${argument} (from ${cwd})`,
    });
  }
  const stackFile = realpathSync(file);
  return { stackFile, projectFolder: findProject(path.dirname(stackFile)) ?? path.dirname(stackFile) };
}

/** The nearest folder upwards that is a project: it has mesh/, .tm/, package.json or .git. */
export function findProject(folder: string): string | undefined {
  const marks = ["mesh", ".tm", "package.json", ".git"];
  return upwards(folder).find((parent) => marks.some((mark) => existsSync(path.join(parent, mark))));
}

function namedStack(argument: string, cwd: string): string | undefined {
  const direct = path.resolve(cwd, argument);
  const bare = /^[a-z0-9][a-z0-9-]*$/.test(argument) ? path.join("stacks", `${argument}.ts`) : undefined;
  const below = bare === undefined ? [] : upwards(cwd).map((parent) => path.join(parent, bare));
  return [direct, `${direct}.ts`, path.join(direct, "stack.ts"), ...below].find(isFile);
}

function currentStack(cwd: string): string | undefined {
  const project = upwards(cwd).find((parent) => isFile(path.join(parent, ".tm/current")));
  if (project === undefined) return undefined;
  const named = readFileSync(path.join(project, ".tm/current"), "utf8").trim();
  const file = path.resolve(project, named);
  if (isFile(file)) return file;
  throw new TunnelMeshError("TM_STACK_NOT_FOUND", {
    detail: `${path.join(project, ".tm/current")} names ${named}, which is not there`,
    advice: ["Name the stack file as an argument, or remove .tm/current."],
  });
}

function nearestStack(cwd: string): string | undefined {
  return upwards(cwd)
    .map((parent) => path.join(parent, "stack.ts"))
    .find(isFile);
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function upwards(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}
