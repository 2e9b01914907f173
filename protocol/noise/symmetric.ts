// The symmetric state of a handshake (Noise rev. 34 §5.2) as a value: every step returns the next one.
import { aeadOpen, aeadSeal, blake2s, hkdf } from "./primitives.ts";

const empty = new Uint8Array(0);

/** Chaining key, transcript hash and, once a secret was mixed in, the current cipher key. */
export interface SymmetricState {
  readonly chainingKey: Uint8Array;
  readonly hash: Uint8Array;
  readonly key: Uint8Array | undefined;
  /** Messages sealed under `key`. */
  readonly counter: number;
}

/** InitializeSymmetric: a name above 32 bytes is hashed, a shorter one padded with zeros. */
export function initialSymmetric(protocolName: string): SymmetricState {
  const name = new TextEncoder().encode(protocolName);
  const hash = new Uint8Array(32);
  hash.set(name.length > 32 ? blake2s(name) : name);
  return { chainingKey: hash, hash, key: undefined, counter: 0 };
}

export function mixHash(state: SymmetricState, data: Uint8Array): SymmetricState {
  return { ...state, hash: blake2s(state.hash, data) };
}

export function mixKey(state: SymmetricState, input: Uint8Array): SymmetricState {
  const [chainingKey, key] = hkdf(state.chainingKey, input, 2);
  return { ...state, chainingKey, key, counter: 0 };
}

export function mixKeyAndHash(state: SymmetricState, input: Uint8Array): SymmetricState {
  const [chainingKey, mixed, key] = hkdf(state.chainingKey, input, 3);
  return { chainingKey, hash: blake2s(state.hash, mixed), key, counter: 0 };
}

/** Before the first key the plaintext goes as it is, and only the hash changes. */
export function encryptAndHash(state: SymmetricState, plaintext: Uint8Array): [SymmetricState, Uint8Array] {
  if (state.key === undefined) return [mixHash(state, plaintext), plaintext];
  const ciphertext = aeadSeal(state.key, state.counter, plaintext, state.hash);
  return [{ ...mixHash(state, ciphertext), counter: state.counter + 1 }, ciphertext];
}

/** Undefined when `data` does not authenticate. */
export function decryptAndHash(state: SymmetricState, data: Uint8Array): [SymmetricState, Uint8Array] | undefined {
  if (state.key === undefined) return [mixHash(state, data), data];
  const plaintext = aeadOpen(state.key, state.counter, data, state.hash);
  if (plaintext === undefined) return undefined;
  return [{ ...mixHash(state, data), counter: state.counter + 1 }, plaintext];
}

/** Split: the key of the initiator's messages and that of the responder's, counters at 0. */
export function splitSymmetric(state: SymmetricState): { initiator: Uint8Array; responder: Uint8Array } {
  const [initiator, responder] = hkdf(state.chainingKey, empty, 2);
  return { initiator, responder };
}
