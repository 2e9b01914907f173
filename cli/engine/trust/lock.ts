// A lock between processes of one machine: a file that names its holder and is taken over when that process is gone.
import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { isFileError } from "./key-files.ts";

const holderSchema = z.object({
  pid: z.int().min(1),
  machine: z.string().max(256),
  /** Tells two processes apart that had one pid: start time in clock ticks after boot, and the boot's id. */
  started: z.string().max(128),
  /** Random: tells two locks of one process apart. */
  token: z.string().max(64),
  /** "alice@laptop" */
  name: z.string().max(256),
});
export type LockHolder = z.infer<typeof holderSchema>;

export interface Lock {
  /** Idempotent. */
  release(): Promise<void>;
}

/** Milliseconds between two looks at a lock that is waited for. */
const pace = 50;
/** How often a lock that changes hands is looked at again, 20 ms apart. */
const attempts = 50;

/**
 * Takes the lock `file`.
 * @throws TunnelMeshError TM_TRUST_LOCKED while a living process, or one of another machine, holds it
 */
export async function acquireLock(file: string): Promise<Lock> {
  await mkdir(path.dirname(file), { recursive: true });
  const holder = await holderOf(process.pid);
  const text = JSON.stringify(holder);
  const own = `${file}.${holder.token}`;
  await writeFile(own, text, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (await tryLock(file, own)) return { release: () => releaseLock(file, text) };
      await delay(20);
    }
    throw new TunnelMeshError("TM_TRUST_LOCKED", { detail: file });
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * Takes the lock `file`, waiting for whoever holds it.
 * @param patience milliseconds
 * @throws TunnelMeshError TM_TRUST_LOCKED after that
 */
export async function waitForLock(file: string, patience: number, signal?: AbortSignal): Promise<Lock> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      return await acquireLock(file);
    } catch (error) {
      if (!isTunnelMeshError(error) || performance.now() > end) throw error;
    }
    await delay(pace, undefined, { signal });
  }
}

/** Writes a file that names process `pid` as its holder: `lockHolder` gives it while that process runs. */
export async function holdFile(file: string, pid: number): Promise<void> {
  await writeFile(file, JSON.stringify(await holderOf(pid)), { mode: 0o600 });
}

async function tryLock(file: string, own: string): Promise<boolean> {
  // link(2) fails when the name exists, so a lock appears whole or not at all.
  if (await succeeds(link(own, file), "EEXIST")) return true;
  const held = await readText(file);
  if (held === undefined) return false;
  const holder = readHolder(held);
  if (holder !== undefined && (await isAlive(holder))) throw lockedBy(holder);
  return takeOver(file, held, own);
}

/** Replaces a dead lock, under a lock of its own that is named after the dead one: so only one process can replace it. */
async function takeOver(file: string, dead: string, own: string): Promise<boolean> {
  const name = createHash("sha256").update(dead).digest("hex").slice(0, 16);
  const guard = await acquireLock(`${file}.${name}`).catch((error: unknown) => {
    if (isTunnelMeshError(error)) return undefined;
    throw error;
  });
  if (guard === undefined) return false;
  try {
    if ((await readText(file)) !== dead) return false;
    await rename(own, file);
    return true;
  } finally {
    await guard.release();
  }
}

/** Who holds the lock; undefined when nobody does or the holder is gone. */
export async function lockHolder(file: string): Promise<LockHolder | undefined> {
  const text = await readText(file);
  const holder = text === undefined ? undefined : readHolder(text);
  return holder !== undefined && (await isAlive(holder)) ? holder : undefined;
}

/** Ends the lock whoever holds it, and says who that was. */
export async function breakLock(file: string): Promise<LockHolder | undefined> {
  const holder = await lockHolder(file);
  await rm(file, { force: true });
  return holder;
}

async function releaseLock(file: string, text: string): Promise<void> {
  if ((await readText(file)) === text) await rm(file, { force: true });
}

function lockedBy(holder: LockHolder): TunnelMeshError {
  return new TunnelMeshError("TM_TRUST_LOCKED", {
    detail: `${holder.name}, process ${holder.pid} on ${holder.machine}`,
  });
}

async function holderOf(pid: number): Promise<LockHolder> {
  const machine = os.hostname();
  return {
    pid,
    machine,
    started: (await startOf(pid)) ?? "",
    token: randomUUID(),
    name: `${os.userInfo().username}@${machine}`,
  };
}

/** Says whether a process of this machine has this id. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (isSystemError(error, "ESRCH")) return false;
    if (isSystemError(error, "EPERM")) return true;
    throw error;
  }
}

async function isAlive(holder: LockHolder): Promise<boolean> {
  if (holder.machine !== os.hostname()) return true;
  if (!isRunning(holder.pid)) return false;
  const started = await startOf(holder.pid);
  return started === undefined || holder.started === "" || started === holder.started;
}

/** Boot id and start time of a process where /proc has them (proc(5), field 22 of stat); undefined elsewhere. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readText(`/proc/${pid}/stat`);
  const boot = await readText("/proc/sys/kernel/random/boot_id");
  const ticks = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return ticks === undefined || boot === undefined ? undefined : `${boot.trim()} ${ticks}`;
}

function readHolder(text: string): LockHolder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    // A file that is no lock of ours is as good as a dead one.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isFileError(error) && (error.code === "ENOENT" || error.code === "ESRCH")) return undefined;
    throw error;
  }
}

async function succeeds(action: Promise<void>, expected: string): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (error) {
    if (isSystemError(error, expected)) return false;
    throw error;
  }
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
