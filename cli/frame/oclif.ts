// Runs oclif with this package's manifest. Apart from start, so that oclif loads after the environment it reads is set.
import { readFileSync } from "node:fs";
import path from "node:path";
import { run } from "@oclif/core/run";

/** In a clone the commands are source; in a package they lie beside this file. */
const target = import.meta.filename.endsWith(".ts") ? "./cli/commands/index.ts" : "./dist/commands.js";

/** Parses `argv` and runs its command. @param root folder of package.json */
export async function runCommand(argv: readonly string[], root: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  manifest.oclif.commands.target = target;
  await run([...argv], { root, pjson: manifest });
}
