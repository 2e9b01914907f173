// Processes of the machine: who is alive, who lives in a namespace, and how to end them.
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isMissing, type ProcessMark } from "./record.ts";

/** Reads a file of /proc; undefined when the process has gone meanwhile (ENOENT, ESRCH). */
async function readProc(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return isMissing(error) || (error instanceof Error && "code" in error && error.code === "ESRCH");
}

/** A process that even root may not look into belongs to whatever runs this machine, never to a host. */
function isHidden(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EACCES";
}

/** Start time of a process in clock ticks since boot (proc(5), stat field 22); a zombie counts as gone. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readProc(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" ? undefined : fields?.[19];
}

export async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/** Marks this process so that another one can tell later whether it still runs. */
export async function ownMark(): Promise<ProcessMark> {
  return { pid: process.pid, start: (await startTime(process.pid)) ?? "", boot: await bootId() };
}

/** Says whether the marked process still runs: same boot, same pid, same start time. */
export async function isAlive(mark: ProcessMark): Promise<boolean> {
  return mark.boot === (await bootId()) && (await startTime(mark.pid)) === mark.start;
}

/** The pid of the container's supervisor when it still runs; checked by its command line, as pids are used again. */
export async function findSupervisor(pidFile: string, machine: string): Promise<number | undefined> {
  const pid = Number((await readProc(pidFile))?.trim());
  if (!Number.isInteger(pid) || pid < 2) return undefined;
  const words = (await readProc(`/proc/${pid}/cmdline`))?.split("\0") ?? [];
  return words.includes(`--machine=${machine}`) && (await startTime(pid)) !== undefined ? pid : undefined;
}

/** Children of a process. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readProc(`/proc/${pid}/task/${pid}/children`);
  return (text ?? "").split(" ").filter(Boolean).map(Number);
}

async function allPids(): Promise<number[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Every process that lives in the named network namespace. */
export async function processesIn(namespace: string): Promise<number[]> {
  let inode: number;
  try {
    inode = (await stat(`/run/netns/${namespace}`)).ino;
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const found: number[] = [];
  for (const pid of await allPids()) {
    try {
      if ((await readlink(`/proc/${pid}/ns/net`)) === `net:[${inode}]`) found.push(pid);
    } catch (error) {
      if (!isGone(error) && !isHidden(error)) throw error;
    }
  }
  return found;
}

/** Supervisors by command line, for a pid file that was never written. */
export async function supervisorsOf(machine: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await allPids()) {
    const words = (await readProc(`/proc/${pid}/cmdline`))?.split("\0") ?? [];
    if (pid !== process.pid && words.includes(`--machine=${machine}`)) found.push(pid);
  }
  return found;
}

/** Sends SIGKILL; a process that has gone meanwhile is no error. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Waits until `done` says true; false after `milliseconds`. */
export async function waitUntil(done: () => Promise<boolean>, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!(await done())) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}
