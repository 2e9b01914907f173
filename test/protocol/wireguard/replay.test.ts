// The replay window: the kernel's steps for the same sizes, and a plain set of numbers as its model.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counterLimit, ReplayWindow, replayWindow } from "../../../protocol/wireguard/replay.ts";

const beyond = replayWindow + 1;

describe("the kernel's selftest, its limit being ours", () => {
  it("accepts and refuses in 34 steps", () => {
    const steps: readonly (readonly [number, boolean])[] = [
      [0, true],
      [1, true],
      [1, false],
      [9, true],
      [8, true],
      [7, true],
      [7, false],
      [beyond, true],
      [beyond - 1, true],
      [beyond - 1, false],
      [beyond - 2, true],
      [2, true],
      [2, false],
      [beyond + 16, true],
      [3, false],
      [beyond + 16, false],
      [beyond * 4, true],
      [beyond * 4 - (beyond - 1), true],
      [10, false],
      [beyond * 4 - beyond, false],
      [beyond * 4 - (beyond + 1), false],
      [beyond * 4 - (beyond - 2), true],
      [beyond * 4 + 1 - beyond, false],
      [0, false],
      [counterLimit, false],
      [counterLimit - 1, true],
      [counterLimit, false],
      [counterLimit - 1, false],
      [counterLimit - 2, true],
      [counterLimit + 1, false],
      [counterLimit + 2, false],
      [counterLimit - 2, false],
      [counterLimit - 3, true],
      [0, false],
    ];
    const window = new ReplayWindow();
    for (const [index, [counter, accepted]] of steps.entries()) {
      expect(window.mark(counter), `step ${index + 1}`).toBe(accepted);
    }
  });

  it("fills a whole window upwards, and what falls out of it stays out", () => {
    const window = new ReplayWindow();
    for (let counter = 1; counter <= beyond; counter += 1) expect(window.mark(counter)).toBe(true);
    expect(window.mark(1)).toBe(false);
    expect(window.mark(0)).toBe(false);
    for (let counter = 1; counter <= beyond; counter += 1) expect(window.mark(counter)).toBe(false);
  });

  it("fills a whole window downwards", () => {
    const window = new ReplayWindow();
    for (let counter = replayWindow; counter >= 0; counter -= 1) expect(window.mark(counter)).toBe(true);
    for (let counter = replayWindow; counter >= 0; counter -= 1) expect(window.mark(counter)).toBe(false);
    expect(window.mark(beyond)).toBe(true);
    expect(window.mark(0)).toBe(false);
  });
});

it("asking changes nothing: a forged huge counter costs no later packet", () => {
  const window = new ReplayWindow();
  window.mark(5);
  expect(window.accepts(2 ** 50)).toBe(true);
  expect(window.accepts(6)).toBe(true);
  expect(window.mark(4)).toBe(true);
});

it("is a set of seen numbers over the newest 8128 and one", () => {
  const jump = fc.oneof(fc.integer({ min: -9000, max: 9000 }), fc.integer({ min: -3, max: 3 }), fc.constant(100_000));
  fc.assert(
    fc.property(fc.array(jump, { maxLength: 400 }), (jumps) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let newest = -1;
      let counter = 0;
      for (const step of jumps) {
        counter = Math.max(0, counter + step);
        const expected = !seen.has(counter) && (counter > newest || newest - counter <= replayWindow);
        expect(window.accepts(counter)).toBe(expected);
        expect(window.mark(counter)).toBe(expected);
        if (expected) seen.add(counter);
        if (expected) newest = Math.max(newest, counter);
      }
    }),
    { numRuns: 100 },
  );
});

it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 64])("never accepts %d", (counter) => {
  expect(new ReplayWindow().accepts(counter)).toBe(false);
  expect(new ReplayWindow().mark(counter)).toBe(false);
});
