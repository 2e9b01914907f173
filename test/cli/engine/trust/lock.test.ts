// The local lock: one holder, taken over from the dead, never from the living.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireLock, breakLock, lockHolder } from "../../../../cli/engine/trust/lock.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "tm-lock-"));
  file = path.join(folder, "lock", "dev.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Takes the lock in a process of its own, which then waits. */
async function holderProcess() {
  const module = path.resolve(import.meta.dirname, "../../../../cli/engine/trust/lock.ts");
  const code = `const { acquireLock } = await import(${JSON.stringify(module)});
    await acquireLock(${JSON.stringify(file)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--conditions=tunnelmesh-source", "--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

describe("lock", () => {
  it("has one holder and leaves nothing behind", async () => {
    const lock = await acquireLock(file);
    await expect(acquireLock(file)).rejects.toMatchObject({
      code: "TM_TRUST_LOCKED",
      detail: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await lockHolder(file)).toMatchObject({ pid: process.pid, machine: os.hostname() });
    await lock.release();
    await lock.release();
    expect(await lockHolder(file)).toBeUndefined();
    expect(await readdir(path.dirname(file))).toEqual([]);
  });

  it("is taken over from a killed process, not from a living one", async () => {
    const child = await holderProcess();
    await expect(acquireLock(file)).rejects.toMatchObject({ code: "TM_TRUST_LOCKED" });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await lockHolder(file)).toBeUndefined();
    await (await acquireLock(file)).release();
  });

  it("is taken over when the pid belongs to another process by now", async () => {
    const lock = await acquireLock(file);
    const held = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...held, started: "an earlier boot 1" }));
    await (await acquireLock(file)).release();
    await lock.release();
  });

  it("of another machine stays until it is broken", async () => {
    const lock = await acquireLock(file);
    const held = JSON.parse(await readFile(file, "utf8"));
    await lock.release();
    await writeFile(file, JSON.stringify({ ...held, machine: "elsewhere", pid: 1 }));
    await expect(acquireLock(file)).rejects.toMatchObject({ code: "TM_TRUST_LOCKED" });
    expect(await breakLock(file)).toMatchObject({ machine: "elsewhere" });
    await (await acquireLock(file)).release();
  });

  it("goes to exactly one of many who find a dead one", async () => {
    await (await acquireLock(file)).release();
    for (let round = 0; round < 20; round += 1) {
      await writeFile(file, "damaged");
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(file)));
      const held = tries.filter((one) => one.status === "fulfilled");
      expect(held).toHaveLength(1);
      await held[0]!.value.release();
    }
  });
});
