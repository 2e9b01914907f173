// The two clocks of the packet side: one that never jumps, for timers, and the wall clock, for handshake timestamps.
import type { Native } from "./native.ts";

export interface Clock {
  /** Milliseconds of CLOCK_BOOTTIME, with a fraction. */
  now(): number;
  /** Unix milliseconds. */
  wall(): number;
}

/** The host's clocks. */
export function hostClock(native: Native): Clock {
  return { now: () => native.bootTime(), wall: () => Date.now() };
}
