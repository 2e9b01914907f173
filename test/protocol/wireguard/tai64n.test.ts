// Timestamps: base, coarseness and order.
import fc from "fast-check";
import { expect, it } from "vitest";
import { compareTimestamps, encodeTimestamp } from "../../../protocol/wireguard/tai64n.ts";
import { toHex } from "../noise/bytes.ts";

it.each([
  [0, "400000000000000a00000000"],
  [1000, "400000000000000b00000000"],
  [1016, "400000000000000b00000000"],
  [1017, "400000000000000b01000000"],
  [1999.999, "400000000000000b3b000000"],
  [Date.UTC(2038, 0, 19, 3, 14, 8), "400000008000000a00000000"],
])("%d ms after 1970 is %s", (milliseconds, expected) => {
  expect(toHex(encodeTimestamp(milliseconds))).toBe(expected);
});

it("keeps the order of times, and differs at the latest after 17 ms", () => {
  const time = fc.integer({ min: 0, max: 2 ** 43 });
  fc.assert(
    fc.property(time, time, (left, right) => {
      const order = compareTimestamps(encodeTimestamp(left), encodeTimestamp(right));
      if (left <= right) expect(order).toBeLessThanOrEqual(0);
      if (left + 34 <= right) expect(order).toBeLessThan(0);
      expect(compareTimestamps(encodeTimestamp(left), encodeTimestamp(left + 17))).toBeLessThan(0);
    }),
    { numRuns: 300 },
  );
});

it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("refuses %d", (milliseconds) => {
  expect(() => encodeTimestamp(milliseconds)).toThrow(RangeError);
});
