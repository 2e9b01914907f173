// The lock of the state folder: one holder at a time, and a dead holder does not keep it.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isHeld, withLock } from "../../../../cli/engine/local/lock.ts";
import { bootId, isAlive, ownMark } from "../../../../cli/engine/local/process.ts";

let state: string;
beforeEach(() => {
  state = mkdtempSync(path.join(tmpdir(), "lock-"));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

describe("withLock", () => {
  it("lets one in at a time and leaves nothing behind", async () => {
    let within = 0;
    let most = 0;
    const order = await Promise.all(
      [1, 2, 3, 4].map((number) =>
        withLock(state, async () => {
          most = Math.max(most, ++within);
          await sleep(5);
          within--;
          return number;
        }),
      ),
    );
    expect(order).toEqual([1, 2, 3, 4]);
    expect(most).toBe(1);
    expect(readdirSync(state)).toEqual([]);
  });

  it("is free again after an error", async () => {
    await expect(withLock(state, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
    expect(await withLock(state, async () => "free")).toBe("free");
  });

  it.each([
    ["of a process that is gone", async () => JSON.stringify({ ...(await ownMark()), pid: 2 ** 22 + 1 })],
    ["of a pid that is used again", async () => JSON.stringify({ ...(await ownMark()), start: "1" })],
    ["of another boot", async () => JSON.stringify({ ...(await ownMark()), boot: "other" })],
    ["that was cut off", async () => '{"pid":'],
  ])("takes over a lock %s", async (_, content) => {
    writeFileSync(path.join(state, "lock"), await content());
    expect(await isHeld(path.join(state, "lock"))).toBe(false);
    expect(await withLock(state, async () => "taken")).toBe("taken");
    expect(readdirSync(state)).toEqual([]);
  });
});

describe("isAlive", () => {
  it("knows this process", async () => {
    const mark = await ownMark();
    expect(mark).toMatchObject({ pid: process.pid, boot: await bootId() });
    expect(await isAlive(mark)).toBe(true);
  });
});
