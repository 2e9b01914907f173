// The line through samples, and the floor of a sawtooth.
import { describe, expect, it } from "vitest";
import { growthOf, lowestOf } from "./growth.ts";

const samplesOf = (values: readonly number[]) => values.map((value, index) => ({ at: index / 10, value }));

describe("growth", () => {
  it("is that of a straight line, and none of a level one", () => {
    expect(growthOf(samplesOf([5, 5.5, 6, 6.5]))).toBeCloseTo(5);
    expect(growthOf(samplesOf([7, 7, 7]))).toBe(0);
  });

  it("is measured through noise", () => {
    const noisy = Array.from({ length: 100 }, (_, index) => 40 + index * 0.2 + (index % 2 === 0 ? 3 : -3));
    expect(growthOf(samplesOf(noisy))).toBeCloseTo(2, 1);
  });

  it("needs two different times", () => {
    expect(() => growthOf([{ at: 1, value: 2 }])).toThrow(RangeError);
    expect(() => growthOf([])).toThrow(RangeError);
  });

  it("of a sawtooth is that of its floor", () => {
    const sawtooth = Array.from({ length: 60 }, (_, index) => 20 + (index % 6) + Math.floor(index / 6));
    expect(lowestOf(samplesOf(sawtooth), 6).map(({ value }) => value)).toEqual(
      Array.from({ length: 10 }, (_, tooth) => 20 + tooth),
    );
  });
});
