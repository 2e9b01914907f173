// What entering a star is for every contender: a folder, a process per end, and both gone afterwards, whatever fails.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Contender, innerAddress, type Star } from "./contender.ts";
import type { Process } from "./process.ts";

export interface Entering {
  /** Of the contender's own, for keys and configurations. */
  readonly folder: string;
  /** In the order of `endsOf`. */
  readonly processes: Process[];
  /** Further things to end with it. */
  readonly endings: (() => Promise<void>)[];
}

/** Lets `start` make the contender's processes. @throws Error as `start` does, with everything ended */
export async function enterStar(
  name: string,
  star: Star,
  start: (entering: Entering) => Promise<void>,
): Promise<Contender> {
  const entering: Entering = { folder: mkdtempSync(path.join(tmpdir(), "tm-bench-")), processes: [], endings: [] };
  const { folder, processes, endings } = entering;
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map(async (one) => await one.stop()));
    for (const end of endings) await end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start(entering);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, address: innerAddress(star, 0), processes: processes.map(({ pid }) => pid), stop };
}

/** Namespaces of a star with their numbers, the hub first. */
export function endsOf({ hub, spokes }: Star): readonly { readonly namespace: string; readonly number: number }[] {
  return [hub, ...spokes].map((namespace, number) => ({ namespace, number }));
}

/** Whom an end knows: the hub every spoke, a spoke the hub alone. */
export function othersOf<End extends { readonly number: number }>(
  ends: readonly End[],
  { number }: End,
): readonly End[] {
  return number === 0 ? ends.slice(1) : ends.slice(0, 1);
}
