// What samples amount to, and when a limit is said to hold.
import { describe, expect, it } from "vitest";
import { renderSummaries, summarize } from "./measurement.ts";

describe("samples", () => {
  it("have a least, a middle and a greatest, whatever their order", () => {
    expect(summarize({ name: "odd", unit: "s", samples: [3, 1, 2] })).toMatchObject({ min: 1, median: 2, max: 3 });
    expect(summarize({ name: "even", unit: "s", samples: [4, 1, 10, 2] })).toMatchObject({
      min: 1,
      median: 3,
      max: 10,
    });
    expect(() => summarize({ name: "nothing", unit: "s", samples: [] })).toThrow(RangeError);
  });

  it.each([
    [undefined, "none"],
    [3, "holds"],
    [2, "holds-at-median"],
    [1.9, "broken"],
  ] as const)("with limit %s say %s", (limit, verdict) => {
    expect(
      summarize({ name: "x", unit: "s", samples: [1, 2, 3], ...(limit === undefined ? {} : { limit }) }).verdict,
    ).toBe(verdict);
  });
});

describe("the table", () => {
  it("names each limit that was not kept in every run", () => {
    const text = renderSummaries(
      [
        { name: "good", unit: "s" as const, samples: [1], limit: 2 },
        { name: "bad", unit: "ms" as const, samples: [301], limit: 300 },
      ].map(summarize),
    );
    expect(text).toContain("1 of 2 limits hold in every run; not in every run: bad (DOES NOT HOLD).");
    expect(text).toMatch(/^good +1 +1\.00 +1\.00 +1\.00 +s +≤ 2\.00 +holds$/m);
  });
});
