// Control message 05, head: how far the sender has read the lock log, so that a split view ends when two agents talk.
//
//   0 kind 05 · 1 version · 2 seq u64 · 10 hash 32 · 42 generation u32; integers little-endian
import { controlKinds, startMessage, viewOf } from "./format.ts";

const headMessageLength = 46;

export interface Head {
  readonly kind: "head";
  /** Number of the newest log entry. */
  readonly seq: number;
  /** Hash of that entry, 32 bytes. */
  readonly hash: Uint8Array;
  /** Newest generation of the network secret that the sender holds. */
  readonly generation: number;
}

/** @throws RangeError unless seq is below 2^53, the hash 32 bytes and the generation a u32 */
export function encodeHead(seq: number, hash: Uint8Array, generation: number): Uint8Array {
  if (!Number.isSafeInteger(seq) || seq < 0) throw new RangeError(`not a log number: ${seq}`);
  if (hash.length !== 32) throw new RangeError("a log hash is 32 bytes");
  if (generation !== generation >>> 0) throw new RangeError(`not a generation: ${generation}`);
  const { message, view } = startMessage(controlKinds.head, headMessageLength);
  view.setBigUint64(2, BigInt(seq), true);
  message.set(hash, 10);
  view.setUint32(42, generation, true);
  return message;
}

/** Undefined unless the length is exact and seq below 2^53. */
export function decodeHead(message: Uint8Array): Head | undefined {
  if (message.length !== headMessageLength) return undefined;
  const view = viewOf(message);
  const seq = view.getBigUint64(2, true);
  if (seq > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return { kind: "head", seq: Number(seq), hash: message.slice(10, 42), generation: view.getUint32(42, true) };
}
