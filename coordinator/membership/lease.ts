// The deploy lease: one holder at a time, 60 s, renewed by the same run, taken over from a dead process of the same machine.
import type { Lease } from "../store/store.ts";

/** How long a lease lives without renewal, in milliseconds. */
export const leaseMilliseconds = 60_000;

export interface LeaseDecision {
  readonly granted: boolean;
  /** What holds from now on. */
  readonly lease: Lease;
}

/**
 * Decides on a request.
 * @param now Unix milliseconds
 * @param deadProcess the asker has looked: the present holder's process, on the asker's machine, is gone
 */
export function decideLease(
  current: Lease | undefined,
  holder: Lease["holder"],
  deadProcess: boolean,
  now: number,
): LeaseDecision {
  const fresh = { granted: true, lease: { holder, expires: now + leaseMilliseconds } };
  if (current === undefined || current.expires <= now || current.holder.id === holder.id) return fresh;
  if (deadProcess && current.holder.machine === holder.machine && current.holder.pid !== holder.pid) return fresh;
  return { granted: false, lease: current };
}
