// How long to wait before the next connection to the coordinator.
import { type Milliseconds, milliseconds } from "../../protocol/brand.ts";

const first = 500;
const longest = 30_000;

/**
 * 0.5 s, doubled with each failure up to 30 s, of which a random half is taken off: agents that lost one coordinator together
 * do not come back together.
 * @param random in [0, 1)
 */
export function backoffDelay(failures: number, random: number): Milliseconds {
  const full = Math.min(longest, first * 2 ** Math.min(failures, 10));
  return milliseconds(Math.round(full * (0.5 + random / 2)));
}
