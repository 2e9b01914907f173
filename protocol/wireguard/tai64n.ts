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

/** `wanted`, or the smallest step after `last` where that is not before it: a clock that stood still or went back locks nobody out. */
export function laterTimestamp(last: Uint8Array | undefined, wanted: Uint8Array): Uint8Array {
  if (last === undefined || compareTimestamps(wanted, last) > 0) return wanted;
  const next = last.slice();
  const view = new DataView(next.buffer);
  const nanoseconds = view.getUint32(8) + coarseness;
  if (nanoseconds < 1e9) {
    view.setUint32(8, nanoseconds);
  } else {
    view.setBigUint64(0, view.getBigUint64(0) + 1n);
    view.setUint32(8, 0);
  }
  return next;
}

/** Unix milliseconds of a timestamp. */
export function timestampMilliseconds(timestamp: Uint8Array): number {
  const view = new DataView(timestamp.buffer, timestamp.byteOffset, timestamp.byteLength);
  return Number(view.getBigUint64(0) - base) * 1000 + view.getUint32(8) / 1e6;
}
