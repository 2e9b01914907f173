// The sandbox's process, known by the state folder that it serves: whichever checkout or release has started it.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning } from "../trust/lock.ts";
import type { SandboxPlace } from "./place.ts";

export interface ServerProcess {
  readonly pid: number;
  /** The program that it runs: "/home/alice/tunnelmesh/cli/engine/sandbox/sandbox-cloud.ts". */
  readonly program: string;
}

/** Name of the program in every release. */
const programName = /^sandbox-cloud\.[cm]?[jt]s$/;
const folderVariable = /^TM_SANDBOX_DIR=(.+)$/s;
/** Milliseconds between two looks. */
const pace = 100;

/** The process that serves `place`; undefined when none does. */
export async function findServerProcess({ folder }: SandboxPlace): Promise<ServerProcess | undefined> {
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const program = (await wordsOf(pid, "cmdline")).find((word) => programName.test(path.basename(word)));
    if (program === undefined) continue;
    const [served] = (await wordsOf(pid, "environ")).flatMap((word) => folderVariable.exec(word)?.[1] ?? []);
    if (served !== undefined && path.resolve(served) === path.resolve(folder)) return { pid, program };
  }
  return undefined;
}

/**
 * Asks the process to end, which it does after what it is doing with its machines.
 * @param patience milliseconds
 * @returns false when it has not ended by then
 */
export async function stopServerProcess({ pid }: ServerProcess, patience: number): Promise<boolean> {
  signal(pid, "SIGTERM");
  const until = performance.now() + patience;
  while (isRunning(pid)) {
    if (performance.now() > until) return false;
    await sleep(pace);
  }
  return true;
}

/** Ends a process that does not end by itself. */
export async function killServerProcess({ pid }: ServerProcess): Promise<void> {
  signal(pid, "SIGKILL");
  while (isRunning(pid)) await sleep(pace);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Words of a file of /proc that separates them with zeros; none when the process has gone or is another user's. */
async function wordsOf(pid: number, file: "cmdline" | "environ"): Promise<readonly string[]> {
  try {
    return (await readFile(`/proc/${pid}/${file}`, "utf8")).split("\0");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
