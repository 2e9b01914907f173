// Remembers the stack in use: .tm/current, relative to the project (life.md §9).
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { FoundStack } from "./find.ts";

/** Makes later commands without an argument mean this stack. */
export function rememberStack({ projectFolder, stackFile }: FoundStack): void {
  const file = path.join(projectFolder, ".tm/current");
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileAtomic.sync(file, `${path.relative(projectFolder, stackFile)}\n`);
}

/** Takes it back, unless another stack is in use by now. */
export function forgetStack({ projectFolder, stackFile }: FoundStack): void {
  const file = path.join(projectFolder, ".tm/current");
  let named: string;
  try {
    named = readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (path.resolve(projectFolder, named) === stackFile) rmSync(file, { force: true });
}
