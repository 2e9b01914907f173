// Control message 02, pong: where the ping came from, as its reader saw it.
//
//   0 kind 02 · 1 version · 2 transaction 12 · 14 observed address 16 (v4-mapped) · 30 port u16 little-endian
import {
  addressBytes,
  addressText,
  assertPort,
  assertTransaction,
  controlKinds,
  startMessage,
  viewOf,
} from "./format.ts";

const pongLength = 32;

export interface Pong {
  readonly kind: "pong";
  readonly transaction: Uint8Array;
  /** "::" and port 0 where the path has no address, as on the relay. */
  readonly address: string;
  readonly port: number;
}

/** @throws RangeError for a transaction that is not 12 bytes or a bad port; Error for a bad address */
export function encodePong(transaction: Uint8Array, address: string, port: number): Uint8Array {
  assertTransaction(transaction);
  assertPort(port);
  const { message, view } = startMessage(controlKinds.pong, pongLength);
  message.set(transaction, 2);
  message.set(addressBytes(address), 14);
  view.setUint16(30, port, true);
  return message;
}

/** Undefined unless the length is exact. */
export function decodePong(message: Uint8Array): Pong | undefined {
  if (message.length !== pongLength) return undefined;
  return {
    kind: "pong",
    transaction: message.slice(2, 14),
    address: addressText(message.subarray(14, 30)),
    port: viewOf(message).getUint16(30, true),
  };
}
