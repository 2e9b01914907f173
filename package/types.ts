// Emits the declarations of the public API, as a user's editor and compiler read them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A relative module in a declaration; the compiler leaves these as they stand in the source. */
const imported = /(?<=(?:from|import) ?\(?")(\.{1,2}\/[^"]+)\.ts(?=")/g;

const entries = ["constructs/index", "constructs/terraform"];

/**
 * Writes the declarations of both entries and what they name, nothing else.
 * @throws Error with the compiler's words
 */
export function emitTypes(root: string, folder: string): void {
  const work = mkdtempSync(path.join(root, ".types-"));
  try {
    compile(root, work);
    for (const entry of entries) copyReachable(path.join(work, "out"), folder, entry);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function compile(root: string, work: string): void {
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: path.join(work, "out"),
  };
  const project = {
    extends: "../tsconfig.json",
    compilerOptions,
    files: ["../constructs/index.ts", "../constructs/terraform.ts"],
    include: [],
  };
  writeFileSync(path.join(work, "tsconfig.json"), JSON.stringify(project));
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", work], { encoding: "utf8" });
  if (status !== 0) throw new Error(`no types:\n${stdout}`);
}

function copyReachable(from: string, to: string, entry: string): void {
  const waiting = new Set([entry]);
  // What is added while a set is walked is walked too.
  for (const name of waiting) {
    const text = readFileSync(path.join(from, `${name}.d.ts`), "utf8");
    for (const [, module = ""] of text.matchAll(imported)) waiting.add(path.join(path.dirname(name), module));
    const file = path.join(to, `${name}.d.ts`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text.replace(imported, "$1.js"));
  }
}
