// Resident memory of a process, from /proc.
import { readFile } from "node:fs/promises";

/** Bytes in memory now. */
export async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
