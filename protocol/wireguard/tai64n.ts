// Timestamps of initiations: TAI64N, coarse on purpose.
//
//   0 seconds u64 big-endian, 2^62 + 10 + Unix seconds · 8 nanoseconds u32 big-endian

export const timestampLength = 12;

/** 2^62 + 10: TAI64 label of the Unix epoch as WireGuard has it. Others use + 37, which locks a moved key out for 27 s. */
const base = 0x400000000000000an;
/** Nanoseconds are rounded down to 2^24, about 16.8 ms, so that a clock's details stay private. */
const coarseness = 2 ** 24;

/** @param unixMilliseconds wall clock, may have a fraction. @throws RangeError before 1970 or past the safe integers */
export function encodeTimestamp(unixMilliseconds: number): Uint8Array {
  if (!(unixMilliseconds >= 0 && unixMilliseconds <= Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`not a time since 1970 in milliseconds: ${unixMilliseconds}`);
  }
  const seconds = Math.floor(unixMilliseconds / 1000);
  const nanoseconds = Math.floor((unixMilliseconds - seconds * 1000) * 1e6);
  const timestamp = new Uint8Array(timestampLength);
  const view = new DataView(timestamp.buffer);
  view.setBigUint64(0, base + BigInt(seconds));
  view.setUint32(8, nanoseconds - (nanoseconds % coarseness));
  return timestamp;
}

/** Below 0, 0 or above 0 as `left` is before, at or after `right`: byte order, which is time order. */
export function compareTimestamps(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(left, right);
}
