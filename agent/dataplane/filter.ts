// Where a filter sits on the packet path: after the peer is known and before anything leaves, in each direction.

export type Direction = "out" | "in";

/**
 * Says whether an inner packet may pass. `bytes` from `offset` on hold `length` bytes of it, header first; a packet that will be
 * split into segments is shown once, before. The bytes are valid during the call only; nothing is allocated for it.
 * @param peer hexadecimal node id: whom it goes to, or who sent it
 */
export type PacketFilter = (
  direction: Direction,
  peer: string,
  bytes: Uint8Array,
  offset: number,
  length: number,
) => boolean;

/** The filter in force; it may change between two packets. */
export interface CurrentFilter {
  current: PacketFilter;
}

/** Lets everything pass. */
export const passAll: PacketFilter = () => true;
