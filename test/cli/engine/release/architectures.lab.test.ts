// Releases for both architectures: their binaries are of the right machine, and the one for arm64 runs, emulated where it has to be.
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Architecture, buildRelease, type Release } from "../../../../cli/engine/release/build.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "tunnelmesh");
/** e_machine of ELF(5): EM_X86_64 and EM_AARCH64. */
const machines: Readonly<Record<Architecture, number>> = { x64: 62, arm64: 183 };
const emulator = ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"];

function elfMachine(file: string): number {
  const header = Buffer.alloc(20);
  const descriptor = openSync(file, "r");
  readSync(descriptor, header, 0, 20, 0);
  closeSync(descriptor);
  expect(header.subarray(0, 6)).toEqual(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]));
  return header.readUInt16LE(18);
}

describe.each(["x64", "arm64"] as const)("the release for %s", (architecture) => {
  let release: Release;
  beforeAll(async () => {
    release = await buildRelease(architecture, { root, cache });
  });
  const run = (...args: string[]) => {
    const [program = "", ...words] = [...(process.arch === architecture ? [] : emulator), "./node", ...args];
    return execFileSync(program, words, { cwd: release.folder, encoding: "utf8", timeout: 60_000 }).trim();
  };

  it("has a Node and a native library of that machine", () => {
    for (const name of ["node", "koffi.node"]) {
      expect(elfMachine(path.join(release.folder, name)), name).toBe(machines[architecture]);
    }
  });

  it("has programs that start on it, and a library that calls into its system", () => {
    expect(run("agent.mjs", "version")).toBe(release.version);
    expect(run("coordinator.mjs", "version")).toBe(release.version);
    const call = 'require("./koffi.node").load("libc.so.6").func("int getpid()")() === process.pid';
    expect(run("-p", `process.arch + " " + (${call})`)).toBe(`${architecture} true`);
  });
});
