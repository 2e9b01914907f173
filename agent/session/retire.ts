// Keys that were replaced while packets under them may still be on their way: they stay for a moment, to receive with.
//
// WireGuard drops them at once. Where both sides start a handshake at the same time, or one path is slower than another, as the relay
// beside a direct one, that loses what was sealed before the other side could know.
import { rejectAfterTime, retiredLimit, retireTime } from "./limits.ts";
import type { Keypair, RetiredKey, SessionEffect } from "./state.ts";

export interface Retirement {
  readonly retired: readonly RetiredKey[];
  /** What has to go at once. */
  readonly effects: readonly SessionEffect[];
}

/** Retires `replaced`, newest last; beyond `retiredLimit` the oldest goes. */
export function retire(
  retired: readonly RetiredKey[],
  replaced: readonly (Keypair | undefined)[],
  now: number,
): Retirement {
  const added = replaced
    .filter((pair) => pair !== undefined)
    .map(({ localIndex, createdAt }) => ({
      localIndex,
      until: Math.min(now + retireTime, createdAt + rejectAfterTime),
    }));
  const all = [...retired, ...added];
  const kept = all.slice(-retiredLimit);
  return { retired: kept, effects: remove(all.slice(0, all.length - kept.length)) };
}

/** Lets those go whose time is over. */
export function endRetirement(retired: readonly RetiredKey[], now: number): Retirement {
  const kept = retired.filter(({ until }) => now < until);
  return { retired: kept, effects: remove(retired.filter(({ until }) => now >= until)) };
}

function remove(keys: readonly RetiredKey[]): readonly SessionEffect[] {
  return keys.map(({ localIndex }) => ({ kind: "removeKeys", localIndex }));
}
