// Gives back the pages of Node's program that only its start needed: they are half of a young agent's resident memory.
import { readFileSync, readlinkSync } from "node:fs";
import { bindAdvise } from "./native-calls.ts";

/** MADV_DONTNEED (madvise(2)). */
const notNeeded = 4;

/** One mapping of /proc/PID/smaps. */
export interface Mapping {
  readonly from: number;
  readonly to: number;
  readonly permissions: string;
  readonly file: string;
  /** KiB that are this process's own copy: they would be lost. */
  readonly anonymous: number;
}

/** Reads /proc/PID/smaps (proc(5)). */
export function parseMappings(text: string): Mapping[] {
  return text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((block) => {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/m.exec(block);
    const anonymous = /^Anonymous: +(\d+) kB$/m.exec(block)?.[1];
    if (head === null || anonymous === undefined) return [];
    const [, from = "", to = "", permissions = "", file = ""] = head;
    return [
      { from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), permissions, file, anonymous: Number(anonymous) },
    ];
  });
}

/**
 * Lets go of the program's own code and constants, as far as no byte of them was changed: what is needed again comes back from the
 * page cache, unread. Gives the bytes of address space let go.
 */
export function giveBackStartPages(): number {
  const program = readlinkSync("/proc/self/exe");
  const advise = bindAdvise();
  let given = 0;
  for (const { from, to, permissions, file, anonymous } of parseMappings(readFileSync("/proc/self/smaps", "latin1"))) {
    const unchanged = anonymous === 0 && (permissions === "r-xp" || permissions === "r--p");
    if (file !== program || !unchanged) continue;
    if (advise(from, to - from, notNeeded) === 0) given += to - from;
  }
  return given;
}
