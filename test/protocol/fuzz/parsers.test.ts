// Every parser of outside bytes against damaged copies of genuine ones: a short run; a million cases each are in the soak.
import { describe, expect, it } from "vitest";
import { formatFuzzers } from "./formats.ts";
import { type Fuzzer, runFuzzer } from "./run.ts";
import { wireFuzzers } from "./wire.ts";

const cases = 1_500;

describe("damaged copies", () => {
  const fuzzers: readonly Fuzzer[] = [...wireFuzzers, ...formatFuzzers()];

  it.each(fuzzers.map((fuzzer) => [fuzzer.name, fuzzer] as const))("of a %s break no promise", (_name, fuzzer) => {
    const seed = (Math.random() * 2 ** 31) >>> 0;
    for (const golden of fuzzer.golden) expect(fuzzer.parse(golden), "the genuine one").toBe(true);
    const { accepted } = runFuzzer(fuzzer, cases, seed);
    // Now and then one is not damaged: a parser that refuses everything would prove nothing.
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(cases);
  });
});
