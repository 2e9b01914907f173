// The data plane's clock: CLOCK_BOOTTIME, which is never set and runs on while the machine is suspended.
import type { NativeCalls } from "../../system/native-calls.ts";
import type { Arena } from "./arena.ts";
import { layout } from "./layout.ts";

const bootTime = 7;

/** Milliseconds. */
export function readBootTime({ view, base }: Arena, calls: NativeCalls): number {
  calls.clockGettime(bootTime, base + layout.time);
  const seconds = view.getUint32(layout.time, true) + view.getInt32(layout.time + 4, true) * 0x1_0000_0000;
  return seconds * 1000 + view.getUint32(layout.time + 8, true) / 1e6;
}
