// Processes inside namespaces: started, looked at through /proc, ended.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { TestNetwork } from "../../agent/tunnel/network.ts";

export interface Process {
  readonly pid: number;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

/** proc(5): clock ticks of utime and stime; Linux has 100 a second on every platform that Node runs on. */
const ticksPerSecond = 100;

/** `ip netns exec` becomes the program, so the process id is the program's own. Standard output may be read by the caller. */
export function startProcess(network: TestNetwork, namespace: string, command: readonly string[]): Process {
  const child = spawn("ip", ["netns", "exec", network.nameOf(namespace), ...command], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command[0]} did not start`);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stderr.resume();
  child.stdout.resume();
  return {
    pid,
    child,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Processor seconds, user and system, that processes have taken so far. */
export function processorSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // utime and stime are fields 14 and 15; the name in field 2 may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }, 0);
}

/** Resident memory of a process in MiB; `kind`: all of it, or what no file backs. */
export function residentMiB(pid: number, kind: "VmRSS" | "RssAnon" = "VmRSS"): number {
  const line = new RegExp(`^${kind}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}
