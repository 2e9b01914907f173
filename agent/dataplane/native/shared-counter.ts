// The send counter of a session whose key several threads seal with: one number in shared memory, taken packet by packet.

export type SharedCounter = Uint32Array<SharedArrayBuffer>;

/**
 * Sealing stops here. A thread takes at most one number between looking and taking, so no number is above this by more than there
 * are threads, and none comes around at 2^32. A session lives 180 s: 23.8 million packets a second would not get here in that
 * time, and a new session is asked for at half of it (`rekeyAfterMessages`).
 */
export const sharedCounterLimit = 2 ** 32 - 2 ** 16;

/** Made for one key and never for another: a thread that has not yet heard of a change takes from the old one. */
export function makeSharedCounter(): SharedCounter {
  return new Uint32Array(new SharedArrayBuffer(4));
}

/** The next number, which nobody else gets; -1 when there are no more. Never taken ahead: a kept one would leave the peer's window. */
export function takeCounter(counter: SharedCounter): number {
  if (Atomics.load(counter, 0) >= sharedCounterLimit) return -1;
  return Atomics.add(counter, 0, 1);
}
