// One tm at a time plans and takes away: a lock in the state folder that a dead holder does not keep.
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { isAlive, ownMark } from "./process.ts";
import { isMissing, type ProcessMark } from "./record.ts";

let counter = 0;

/**
 * Runs `work` while holding the lock of the state folder.
 * @throws TunnelMeshError TM_LOCAL_BUSY when a living process keeps it for more than 60 s
 */
export async function withLock<T>(state: string, work: () => Promise<T>): Promise<T> {
  const lock = path.join(state, "lock");
  const mark = await ownMark();
  const mine = `${lock}.${mark.pid}.${counter++}`;
  await writeMark(state, mine, JSON.stringify(mark));
  try {
    const end = performance.now() + 60_000;
    while (!(await take(mine, lock))) {
      if (performance.now() > end) throw new TunnelMeshError("TM_LOCAL_BUSY", { detail: state });
      await sleep(30);
    }
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** Writes into the state folder, which another tm may remove, being empty, right after it was made here. */
async function writeMark(state: string, file: string, text: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    await mkdir(state, { recursive: true, mode: 0o700 });
    try {
      await writeFile(file, text, { mode: 0o600 });
      return;
    } catch (error) {
      if (!isMissing(error) || tries === 5) throw error;
    }
  }
}

/** Says whether the process that wrote this file still runs. */
export async function isHeld(file: string): Promise<boolean> {
  try {
    return await isAlive(JSON.parse(await readFile(file, "utf8")) as ProcessMark);
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Takes a free lock by a hard link, which only one can make; a lock of a dead process is moved away first. */
async function take(mine: string, lock: string): Promise<boolean> {
  try {
    await link(mine, lock);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  try {
    const text = await readFile(lock, "utf8");
    if (await isHeld(lock)) return false;
    const stale = `${mine}.stale`;
    await rename(lock, stale);
    const moved = await readFile(stale, "utf8");
    if (moved !== text) await link(stale, lock);
    await rm(stale, { force: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return false;
}
