// Control message 04, punch: send pings to these addresses now, I am doing the same.
//
//   0 kind 04 · 1 version · 2 transaction 12 · 14 count u8 · then per target, 18 bytes:
//   0 address 16 (v4-mapped) · 16 port u16 little-endian
import {
  addressBytes,
  addressText,
  assertPort,
  assertTransaction,
  controlKinds,
  startMessage,
  viewOf,
} from "./format.ts";

/** The most targets of one punch: it makes the reader send. */
export const punchLimit = 32;

const headLength = 15;
const entryLength = 18;

export interface PunchTarget {
  readonly address: string;
  readonly port: number;
}

export interface Punch {
  readonly kind: "punch";
  /** Of the pings that are to come. */
  readonly transaction: Uint8Array;
  readonly targets: readonly PunchTarget[];
}

/** @throws RangeError for a transaction that is not 12 bytes, a bad port or too many targets; Error for a bad address */
export function encodePunch(transaction: Uint8Array, targets: readonly PunchTarget[]): Uint8Array {
  assertTransaction(transaction);
  if (targets.length > punchLimit) throw new RangeError(`more than ${punchLimit} targets`);
  const { message, view } = startMessage(controlKinds.punch, headLength + targets.length * entryLength);
  message.set(transaction, 2);
  message[14] = targets.length;
  for (const [index, { address, port }] of targets.entries()) {
    assertPort(port);
    const offset = headLength + index * entryLength;
    message.set(addressBytes(address), offset);
    view.setUint16(offset + 16, port, true);
  }
  return message;
}

/** Undefined unless the length fits the count, the count is at most 32 and every port above 0. */
export function decodePunch(message: Uint8Array): Punch | undefined {
  const count = message[14];
  if (count === undefined || count > punchLimit) return undefined;
  if (message.length !== headLength + count * entryLength) return undefined;
  const targets: PunchTarget[] = [];
  for (let offset = headLength; offset < message.length; offset += entryLength) {
    const port = viewOf(message).getUint16(offset + 16, true);
    if (port === 0) return undefined;
    targets.push({ address: addressText(message.subarray(offset, offset + 16)), port });
  }
  return { kind: "punch", transaction: message.slice(2, 14), targets };
}
