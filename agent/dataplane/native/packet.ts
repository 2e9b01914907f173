// Reads inner packets in the arena without making objects; says the same as readInner.
import type { Arena } from "./arena.ts";
import { noOwner, type PrefixTable } from "./prefix-table.ts";

export const tcp = 6;
export const udp = 17;

/** Length of the packet at `at`, or -1 unless its header is whole and its length fits into `available` (RFC 791 §3.1, RFC 8200 §3). */
export function innerLength({ bytes }: Arena, at: number, available: number): number {
  const version = available > 0 ? bytes[at]! >>> 4 : 0;
  if (version === 4 && available >= 20) {
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    return length < 20 || length > available ? -1 : length;
  }
  if (version === 6 && available >= 40) {
    const length = 40 + ((bytes[at + 4]! << 8) | bytes[at + 5]!);
    return length > available ? -1 : length;
  }
  return -1;
}

/** Owner of the source or destination address of a packet whose header is whole. */
export function ownerOf({ bytes, view }: Arena, table: PrefixTable, at: number, end: "source" | "destination"): number {
  const version = bytes[at]! >>> 4;
  if (version === 4) return table.find4(view.getInt32(at + (end === "source" ? 12 : 16)));
  if (version !== 6) return noOwner;
  const from = at + (end === "source" ? 8 : 24);
  return table.find6(view.getInt32(from), view.getInt32(from + 4), view.getInt32(from + 8), view.getInt32(from + 12));
}

/** Sum of the pseudo header of TCP and UDP, in the host's byte order (RFC 9293 §3.1, RFC 8200 §8.1). */
export function pseudoSum({ bytes, kernels }: Arena, at: number, transport: number, length: number): number {
  const start = (transport << 8) + (((length & 0xff) << 8) | (length >>> 8));
  return bytes[at]! >>> 4 === 6 ? kernels.sum(at + 8, 32, start) : kernels.sum(at + 12, 8, start);
}
