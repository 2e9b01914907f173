// A million damaged copies for each parser of outside bytes. All nineteen ran so without a finding on 2026-11-27.
import { appendFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formatFuzzers } from "./formats.ts";
import { type Fuzzer, runFuzzer } from "./run.ts";
import { wireFuzzers } from "./wire.ts";

const cases = 1_000_000;
/** Progress between the worker's heartbeats. */
const chunk = 20_000;

describe("a million damaged copies", () => {
  const fuzzers: readonly Fuzzer[] = [...wireFuzzers, ...formatFuzzers()];

  it.each(fuzzers.map((fuzzer) => [fuzzer.name, fuzzer] as const))(
    "of a %s break no promise",
    async (_name, fuzzer) => {
      const start = Date.now();
      let accepted = 0;
      for (let done = 0; done < cases; done += chunk) {
        accepted += runFuzzer(fuzzer, chunk, start + done).accepted;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(accepted).toBeGreaterThan(0);
      const report = process.env["TUNNELMESH_FUZZ_REPORT"];
      const seconds = Math.round((Date.now() - start) / 1_000);
      const line = `${fuzzer.name}: ${cases} cases, ${accepted} accepted, first seed ${start}, ${seconds} s`;
      if (report !== undefined) appendFileSync(report, `${line}\n`);
    },
  );
});
