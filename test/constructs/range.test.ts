// Overlap of ranges agrees with counting addresses.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMeshRange, parseRange, type Range, rangeHolds, rangesOverlap } from "../../constructs/synth/range.ts";

const range = fc.record({ address: fc.nat(0xff), bits: fc.integer({ min: 24, max: 32 }) }).map(({ address, bits }) => {
  const size = 2 ** (32 - bits);
  const first = address - (address % size);
  return { text: `10.0.0.${first}/${bits}`, first, last: first + size - 1 };
});

describe("ranges", () => {
  it("overlap exactly when they share an address, whichever comes first", () => {
    fc.assert(
      fc.property(range, range, (one, other) => {
        const shared = one.first <= other.last && other.first <= one.last;
        const [left, right] = [parseRange(one.text) as Range, parseRange(other.text) as Range];
        expect(rangesOverlap(left, right)).toBe(shared);
        expect(rangesOverlap(right, left)).toBe(shared);
      }),
      { numRuns: 200 },
    );
  });

  it("hold exactly their addresses", () => {
    fc.assert(
      fc.property(range, fc.nat(0xff), ({ text, first, last }, address) => {
        expect(rangeHolds(parseRange(text) as Range, `10.0.0.${address}`)).toBe(address >= first && address <= last);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    "",
    "10.0.0.0",
    "10.0.0/8",
    "010.0.0.0/8",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "host/8",
    "::/129",
    "0x0a.0.0.0/8",
  ])("%j is none", (text) => expect(typeof parseRange(text)).toBe("string"));

  it("of a mesh have room for its members", () => {
    expect(typeof parseMeshRange("10.0.0.0/29", 6, false)).toBe("object");
    expect(parseMeshRange("10.0.0.0/29", 7, false)).toMatch(/room for 6/);
  });
});
