// Control message 06, clients: when the sender, a gateway of several for these stock clients, heard each of them last.
//
//   0 kind 06 · 1 version · 2 count u8 · then per client, 36 bytes:
//   0 node id 32 · 32 seconds ago u32 little-endian, ffffffff = not since it started
import type { NodeId } from "../brand.ts";
import { controlKinds, startMessage, viewOf } from "./format.ts";

/** The most clients in one message: what fits a datagram. */
export const clientLimit = 32;
const never = 0xffff_ffff;
const headLength = 3;
const entryLength = 36;

export interface HeardClient {
  readonly nid: NodeId;
  /** Seconds; undefined: not since the gateway started. */
  readonly ago: number | undefined;
}

export interface Clients {
  readonly kind: "clients";
  readonly clients: readonly HeardClient[];
}

/** @throws RangeError for more than 32 clients */
export function encodeClients(clients: readonly HeardClient[]): Uint8Array {
  if (clients.length > clientLimit) throw new RangeError(`more than ${clientLimit} clients`);
  const { message, view } = startMessage(controlKinds.clients, headLength + clients.length * entryLength);
  message[2] = clients.length;
  for (const [index, { nid, ago }] of clients.entries()) {
    const offset = headLength + index * entryLength;
    message.set(Buffer.from(nid, "hex"), offset);
    view.setUint32(offset + 32, ago === undefined ? never : Math.min(Math.floor(ago), never - 1), true);
  }
  return message;
}

/** Undefined unless the length fits the count and the count is at most 32. */
export function decodeClients(message: Uint8Array): Clients | undefined {
  const count = message[2];
  if (count === undefined || count > clientLimit) return undefined;
  if (message.length !== headLength + count * entryLength) return undefined;
  const clients: HeardClient[] = [];
  for (let offset = headLength; offset < message.length; offset += entryLength) {
    const nid = Buffer.from(message.subarray(offset, offset + 32)).toString("hex") as NodeId;
    const ago = viewOf(message).getUint32(offset + 32, true);
    clients.push({ nid, ago: ago === never ? undefined : ago });
  }
  return { kind: "clients", clients };
}
