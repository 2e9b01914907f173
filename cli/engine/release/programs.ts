// Gives the two programs of a host: bundled from source in a clone, as they were packed where the package is installed.
import { readFile } from "node:fs/promises";
import path from "node:path";

/** Bytes of agent.mjs and coordinator.mjs. */
export interface Programs {
  readonly agent: Uint8Array;
  readonly coordinator: Uint8Array;
}

/** Where a package keeps the programs of hosts, below its folder. */
export const packedPrograms = "dist/host";

/** @param root the checkout, or the installed package; a checkout's dist/ may be old and is not looked at */
export async function readPrograms(root: string, version: string): Promise<Programs> {
  if (import.meta.filename.endsWith(".ts")) {
    const { bundlePrograms } = await import("./bundle.ts");
    return bundlePrograms(root, version);
  }
  const read = (name: string): Promise<Uint8Array> => readFile(path.join(root, packedPrograms, name));
  const [agent, coordinator] = await Promise.all([read("agent.mjs"), read("coordinator.mjs")]);
  return { agent, coordinator };
}
