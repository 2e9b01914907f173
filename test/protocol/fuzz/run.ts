// Runs one fuzzer for so many cases; a finding names the seed and the bytes.
import { type Mutator, mutatorOf } from "./mutate.ts";

/** One parser with genuine inputs. */
export interface Fuzzer {
  readonly name: string;
  readonly golden: readonly Uint8Array[];
  /** Turns damaged bytes into an input that gets further, such as one with a right checksum; used for every eighth case, since such inputs cost most. */
  readonly repair?: (bytes: Uint8Array, mutator: Mutator) => Uint8Array;
  /** Parses; throws when the parser broke a promise. True: accepted. */
  readonly parse: (bytes: Uint8Array) => boolean;
}

export interface FuzzResult {
  readonly cases: number;
  readonly accepted: number;
}

/** @throws Error with seed, number and bytes of the first case that broke a promise */
export function runFuzzer(fuzzer: Fuzzer, cases: number, seed: number): FuzzResult {
  const mutator = mutatorOf(seed);
  let accepted = 0;
  for (let index = 0; index < cases; index += 1) {
    const damaged = mutator.mutate(mutator.pick(fuzzer.golden));
    const input = index % 8 === 7 ? (fuzzer.repair?.(damaged, mutator) ?? damaged) : damaged;
    try {
      if (fuzzer.parse(input)) accepted += 1;
    } catch (cause) {
      const bytes = Buffer.from(input).toString("hex");
      throw new Error(`${fuzzer.name}, seed ${seed}, case ${index}: ${String(cause)}\n${bytes}`, { cause });
    }
  }
  return { cases, accepted };
}
