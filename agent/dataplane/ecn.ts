// Congestion marks (ECN) between an inner packet and the datagram that carries it (RFC 6040, normal mode).

const congested = 3;
const capable1 = 1;
const capable0 = 2;

/** The two bits of the packet whose header is at `at`: what the datagram around it says too (RFC 6040 §4.1). */
export function ecnOf(bytes: Uint8Array, at: number): number {
  return bytes[at]! >>> 4 === 6 ? (bytes[at + 1]! >>> 4) & 3 : bytes[at + 1]! & 3;
}

/**
 * Writes into the packet at `at` what the datagram around it met on its way (RFC 6040 §4.2); its header has been held against its
 * length. False: the datagram was marked although the packet's sender does not know of marks, so that a loss must tell it.
 */
export function combineEcn(bytes: Uint8Array, at: number, outer: number): boolean {
  const inner = ecnOf(bytes, at);
  if (inner === 0) return outer !== congested;
  if (outer === congested && inner !== congested) setEcn(bytes, at, congested);
  else if (outer === capable1 && inner === capable0) setEcn(bytes, at, capable1);
  return true;
}

function setEcn(bytes: Uint8Array, at: number, ecn: number): void {
  if (bytes[at]! >>> 4 === 6) {
    bytes[at + 1] = (bytes[at + 1]! & 0xcf) | (ecn << 4);
    return;
  }
  const before = bytes[at + 1]!;
  const after = (before & 0xfc) | ecn;
  bytes[at + 1] = after;
  // The checksum of the header follows the change (RFC 1624 §3).
  const sum = (~((bytes[at + 10]! << 8) | bytes[at + 11]!) & 0xffff) + (~before & 0xffff) + after;
  const folded = (sum & 0xffff) + (sum >>> 16);
  const checksum = ~((folded & 0xffff) + (folded >>> 16)) & 0xffff;
  bytes[at + 10] = checksum >>> 8;
  bytes[at + 11] = checksum & 0xff;
}
