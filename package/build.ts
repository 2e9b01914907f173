// Builds dist/, all that an installed package runs: programs, types, the programs of hosts, help and notices. `npm pack` runs it first.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bundlePrograms } from "../cli/engine/release/bundle.ts";
import { packedPrograms } from "../cli/engine/release/programs.ts";
import { bundleCommandLine } from "./bundle.ts";
import { renderNotices } from "./notices.ts";
import { emitTypes } from "./types.ts";

/** Makes ROOT/dist anew; whoever reads the old one meanwhile sees it whole. */
export async function buildPackage(root: string): Promise<void> {
  const work = mkdtempSync(path.join(root, ".dist-"));
  try {
    await fillFolder(root, path.join(work, "dist"));
    rmSync(path.join(root, "dist"), { recursive: true, force: true });
    renameSync(path.join(work, "dist"), path.join(root, "dist"));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function fillFolder(root: string, folder: string): Promise<void> {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  const host = path.join(folder, "..", packedPrograms);
  mkdirSync(host, { recursive: true });
  emitTypes(root, path.join(folder, "types"));
  const [inputs, programs] = await Promise.all([bundleCommandLine(root, folder), bundlePrograms(root, version)]);
  writeFileSync(path.join(host, "agent.mjs"), programs.agent);
  writeFileSync(path.join(host, "coordinator.mjs"), programs.coordinator);
  copyFileSync(path.join(root, "cli/frame/root-help.txt"), path.join(folder, "root-help.txt"));
  writeFileSync(path.join(folder, "THIRD-PARTY-NOTICES"), renderNotices(root, [...inputs, ...programs.inputs]));
}

if (process.argv[1] === import.meta.filename) {
  await buildPackage(path.resolve(import.meta.dirname, ".."));
}
