// Control message 01, ping: is this path alive, and does a packet of this size pass?
//
//   0 kind 01 · 1 version · 2 transaction 12 · 14 path u8 · 15 zero padding up to the wanted size
import { assertTransaction, controlKinds, startMessage } from "./format.ts";

/** A ping without padding, in bytes. */
export const pingLength = 15;

export interface Ping {
  readonly kind: "ping";
  readonly transaction: Uint8Array;
  /** The sender's number for the path it probes; the answer comes back on the path it came by. */
  readonly path: number;
  /** Length of the whole message in bytes; the tunnel adds its own 32. */
  readonly size: number;
}

/** @throws RangeError for a transaction that is not 12 bytes, a path above 255 or a size below 15 or above 65535 */
export function encodePing(transaction: Uint8Array, path: number, size: number = pingLength): Uint8Array {
  assertTransaction(transaction);
  if (!Number.isInteger(path) || path < 0 || path > 255) throw new RangeError(`not a path number: ${path}`);
  if (!Number.isInteger(size) || size < pingLength || size > 65535)
    throw new RangeError(`not a size of a ping: ${size}`);
  const { message } = startMessage(controlKinds.ping, size);
  message.set(transaction, 2);
  message[14] = path;
  return message;
}

/** Undefined when it is too short. Padding is not looked at. */
export function decodePing(message: Uint8Array): Ping | undefined {
  if (message.length < pingLength) return undefined;
  return { kind: "ping", transaction: message.slice(2, 14), path: message[14]!, size: message.length };
}
