// Work that is asked for often: done at once, then seldom, and the last request is not lost.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Paced } from "../../../agent/control/paced.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("runs twenty requests a second as two, and the last one after the end of the burst", () => {
  let runs = 0;
  const paced = new Paced(() => {
    runs += 1;
  }, 500);
  paced.ask();
  expect(runs).toBe(1);
  for (let tick = 0; tick < 200; tick += 1) {
    paced.ask();
    vi.advanceTimersByTime(50);
  }
  expect(runs).toBeLessThanOrEqual(21);
  const before = runs;
  paced.ask();
  expect(runs).toBe(before);
  vi.advanceTimersByTime(500);
  expect(runs).toBe(before + 1);
  vi.advanceTimersByTime(5000);
  expect(runs).toBe(before + 1);
  paced.ask();
  expect(runs).toBe(before + 2);
});

it("does nothing after it was stopped", () => {
  let runs = 0;
  const paced = new Paced(() => {
    runs += 1;
  }, 500);
  paced.ask();
  paced.ask();
  paced.stop();
  vi.advanceTimersByTime(1000);
  expect(runs).toBe(1);
});
