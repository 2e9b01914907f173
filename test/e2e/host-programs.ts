// Programs of hosts as folders that TM_HOST_PROGRAMS takes: the release before this one, and releases that are broken on purpose.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { bundlePrograms } from "../../cli/engine/release/bundle.ts";
import { root } from "./project.ts";

const programs = ["agent", "coordinator"] as const;
type Program = (typeof programs)[number];

/** Release 0.1.0, as fixtures keep it. */
export function previousPrograms(): Readonly<Record<Program, string>> {
  const read = (name: Program): string =>
    brotliDecompressSync(readFileSync(path.join(root, "test/fixtures/release-0.1.0", `${name}.mjs.br`))).toString();
  return { agent: read("agent"), coordinator: read("coordinator") };
}

/** The programs of this checkout, called `version`. */
export async function presentPrograms(version: string): Promise<Readonly<Record<Program, string>>> {
  const { agent, coordinator } = await bundlePrograms(root, version);
  return { agent: Buffer.from(agent).toString(), coordinator: Buffer.from(coordinator).toString() };
}

/** Writes programs to `folder` and gives it. */
export function writePrograms(folder: string, version: string, content: Readonly<Record<Program, string>>): string {
  mkdirSync(folder, { recursive: true });
  for (const name of programs) writeFileSync(path.join(folder, `${name}.mjs`), content[name]);
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ version }));
  return folder;
}

/** Puts `code` between the imports' banner and the rest of a program, to run before it does anything; `repair` goes on working. */
export function sabotage(program: string, code: string): string {
  const end = program.indexOf("\n") + 1;
  return `${program.slice(0, end)}if (process.argv[2] === "run") { ${code} }\n${program.slice(end)}`;
}
