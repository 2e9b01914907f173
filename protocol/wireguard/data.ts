// Message 4, transport data: at least 32 bytes.
//
//   0 type u32 · 4 receiver index u32 · 8 counter u64 · 16 ciphertext … tag 16
//
// Integers are little-endian, the associated data is empty, an empty plaintext is a keepalive (WireGuard paper §5.4.6).
import { aeadOpen, aeadSeal } from "../noise/primitives.ts";
import { dataOverhead } from "./padding.ts";
import type { HandshakeProfile } from "./profile.ts";

export { dataOverhead, padTo16 } from "./padding.ts";

const none = new Uint8Array(0);

export interface Data {
  readonly receiverIndex: number;
  /** Below 2^53: no peer reaches that within the life of a key. */
  readonly counter: number;
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array;
}

/** Seals one packet. `plaintext` is padded already. @throws RangeError unless 0 ≤ counter < 2^53 */
export function sealData(
  profile: HandshakeProfile,
  key: Uint8Array,
  receiverIndex: number,
  counter: number,
  plaintext: Uint8Array,
): Uint8Array {
  const sealed = aeadSeal(key, counter, plaintext, none);
  const message = new Uint8Array(16 + sealed.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, profile.types.data, true);
  view.setUint32(4, receiverIndex, true);
  view.setUint32(8, counter % 2 ** 32, true);
  view.setUint32(12, Math.floor(counter / 2 ** 32), true);
  message.set(sealed, 16);
  return message;
}

/** The plaintext with its padding, or undefined when anything is wrong. The replay window is the caller's, afterwards. */
export function openData(profile: HandshakeProfile, key: Uint8Array, message: Uint8Array): Uint8Array | undefined {
  const data = decodeData(profile.types.data, message);
  return data === undefined ? undefined : aeadOpen(key, data.counter, data.sealed, none);
}

/** Undefined unless the type is right, the length at least 32 and the counter below 2^53. `sealed` is a view. */
export function decodeData(type: number, message: Uint8Array): Data | undefined {
  if (message.length < dataOverhead) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint32(0, true) !== type) return undefined;
  const counter = view.getUint32(8, true) + view.getUint32(12, true) * 2 ** 32;
  if (!Number.isSafeInteger(counter)) return undefined;
  return { receiverIndex: view.getUint32(4, true), counter, sealed: message.subarray(16) };
}
