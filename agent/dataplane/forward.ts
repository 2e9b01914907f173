// A gateway passes packets between its stock clients and other peers, without the host's kernel: one hop less to live.

/**
 * Takes one from the time to live or hop limit of the packet at `at`, whose header is whole. False, and nothing done, where none
 * is left (RFC 1812 §5.3.1, RFC 8200 §3).
 */
export function takeHop(bytes: Uint8Array, at: number): boolean {
  if (bytes[at]! >>> 4 === 6) {
    if (bytes[at + 7]! <= 1) return false;
    bytes[at + 7]! -= 1;
    return true;
  }
  if (bytes[at + 8]! <= 1) return false;
  bytes[at + 8]! -= 1;
  // The checksum grows by what the word of the time to live lost (RFC 1624); the sum of ones wraps around.
  const sum = ((bytes[at + 10]! << 8) | bytes[at + 11]!) + 0x100;
  const folded = (sum & 0xffff) + (sum >>> 16);
  bytes[at + 10] = folded >>> 8;
  bytes[at + 11] = folded;
  return true;
}
