// The header that the kernel puts before a packet of a TUN device, and what it may say (virtio 1.3 §5.1.6, linux/virtio_net.h).
import type { Arena } from "./arena.ts";
import { tcp, udp } from "./packet.ts";

/** flags u8 · gso_type u8 · hdr_len u16 · gso_size u16 · csum_start u16 · csum_offset u16, in the host's byte order. */
export const virtioHeaderLength = 10;
export const needsChecksum = 1;
export const gsoType = { none: 0, tcp4: 1, tcp6: 4, udp: 5 } as const;

const tcpChecksum = 16;
const udpChecksum = 6;
/** Extension headers of IPv6 looked at before a transport header. */
const longestChain = 8;

/** What is to be done with the packet behind a header. Filled anew by each call of `readVirtio`. */
export interface VirtioPacket {
  /** Payload of a segment; 0: the packet is whole. */
  segment: number;
  /** Where the transport header begins; 0: its checksum is right already. */
  transportAt: number;
  checksumOffset: number;
  /** IP and transport header together; for packets to be split. */
  headerLength: number;
  transport: number;
}

export function emptyVirtio(): VirtioPacket {
  return { segment: 0, transportAt: 0, checksumOffset: 0, headerLength: 0, transport: 0 };
}

/**
 * Reads the header at `at`, which is even, for a packet of `length` bytes right behind it. False for what no packet can be:
 * offsets outside of it, a kind of split that its own headers do not bear out, nothing to split.
 */
export function readVirtio(arena: Arena, at: number, length: number, into: VirtioPacket): boolean {
  const { bytes, halves } = arena;
  const flags = bytes[at]!;
  const type = bytes[at + 1]!;
  const segment = halves[(at + 4) >>> 1]!;
  const start = halves[(at + 6) >>> 1]!;
  const offset = halves[(at + 8) >>> 1]!;
  into.segment = 0;
  into.transportAt = 0;
  into.checksumOffset = offset;
  if ((flags & ~needsChecksum) !== 0) return false;
  if ((flags & needsChecksum) !== 0) {
    if (start < 20 || start + offset + 2 > length) return false;
    into.transportAt = start;
  }
  if (type === gsoType.none) return true;
  if (into.transportAt === 0 || segment === 0) return false;
  into.segment = segment;
  return readSplit(arena, at + virtioHeaderLength, length, type, into);
}

/** Holds the packet's own headers against what is to be done with it. */
function readSplit(arena: Arena, at: number, length: number, type: number, into: VirtioPacket): boolean {
  const { bytes } = arena;
  const version = bytes[at]! >>> 4;
  const transport = type === gsoType.udp ? udp : tcp;
  const fits =
    version === 4 ? type === gsoType.tcp4 || type === gsoType.udp : type === gsoType.tcp6 || type === gsoType.udp;
  if (!fits || (type !== gsoType.tcp4 && type !== gsoType.tcp6 && type !== gsoType.udp)) return false;
  const found = version === 4 ? transportAt4(arena, at, length, transport) : transportAt6(arena, at, length, transport);
  if (found !== into.transportAt) return false;
  if (into.checksumOffset !== (transport === tcp ? tcpChecksum : udpChecksum)) return false;
  if (found + (transport === tcp ? 20 : 8) > length) return false;
  const own = transport === tcp ? (bytes[at + found + 12]! >>> 4) * 4 : 8;
  if (own < 8 || (transport === tcp && own < 20)) return false;
  into.headerLength = found + own;
  into.transport = transport;
  // 60 bytes of TCP header and 60 of IP are what there is room for; extension headers count as IP.
  return into.headerLength < length && into.headerLength <= 120;
}

function transportAt4({ bytes }: Arena, at: number, length: number, transport: number): number {
  const header = (bytes[at]! & 15) * 4;
  const fragment = (bytes[at + 6]! & 0xbf) | bytes[at + 7]!;
  return header >= 20 && header <= length && fragment === 0 && bytes[at + 9] === transport ? header : -1;
}

/** Goes along hop-by-hop and destination options; anything else is nothing that the kernel splits (RFC 8200 §4). */
function transportAt6({ bytes }: Arena, at: number, length: number, transport: number): number {
  let next = bytes[at + 6]!;
  let found = 40;
  for (let count = 0; count < longestChain; count += 1) {
    if (next === transport) return found;
    if ((next !== 0 && next !== 60) || found + 8 > length) return -1;
    next = bytes[at + found]!;
    found += (bytes[at + found + 1]! + 1) * 8;
  }
  return -1;
}
