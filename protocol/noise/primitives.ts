// The cryptography that every handshake and packet uses, each primitive by the backend that is faster at it (protocol.md §1.4).
import { timingSafeEqual } from "node:crypto";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { assertLength, tagLength } from "./backend.ts";
import { nobleBackend } from "./backend-noble.ts";
import { nodeBackend } from "./backend-node.ts";

export { tagLength } from "./backend.ts";
export { wipe } from "./key-object.ts";

/** From this many bytes on OpenSSL outruns noble at ChaCha20-Poly1305; below, its set-up costs more than the work. */
const longMessage = 4096;

/** Both halves of an X25519 key, 32 bytes each. */
export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** BLAKE2s-256 over the concatenation of `data` (RFC 7693). */
export function blake2s(...data: readonly Uint8Array[]): Uint8Array {
  return nodeBackend.blake2s(...data);
}

/** HMAC-BLAKE2s over the concatenation of `data` (RFC 2104, block size 64). */
export function hmacBlake2s(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  return nobleBackend.hmacBlake2s(key, ...data);
}

/** HKDF of Noise rev. 34 §4.3 (KDF1 to KDF3 of the WireGuard paper §5.4): `outputs` keys of 32 bytes. */
export function hkdf(chainingKey: Uint8Array, input: Uint8Array, outputs: 1): [Uint8Array];
export function hkdf(chainingKey: Uint8Array, input: Uint8Array, outputs: 2): [Uint8Array, Uint8Array];
export function hkdf(chainingKey: Uint8Array, input: Uint8Array, outputs: 3): [Uint8Array, Uint8Array, Uint8Array];
export function hkdf(chainingKey: Uint8Array, input: Uint8Array, outputs: 1 | 2 | 3): Uint8Array[] {
  const extracted = hmacBlake2s(chainingKey, input);
  const keys: Uint8Array[] = [];
  let previous: Uint8Array = new Uint8Array(0);
  for (let index = 1; index <= outputs; index += 1) {
    previous = hmacBlake2s(extracted, previous, Uint8Array.of(index));
    keys.push(previous);
  }
  extracted.fill(0);
  return keys;
}

/** Keyed BLAKE2s with an output of 16 bytes (RFC 7693 §2.9): not HMAC, not a cut digest. The key has 1 to 32 bytes. */
export { keyedMac16 as mac16 } from "./keyed-mac.ts";

/** X25519; undefined when a length is wrong or the result is all zero, which a handshake must refuse. */
export function diffieHellman(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  return nodeBackend.diffieHellman(privateKey, publicKey);
}

/** The public key of a private scalar. @throws RangeError when it is not 32 bytes */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return nodeBackend.publicKeyOf(privateKey);
}

/** A private key with its public half. @throws RangeError when it is not 32 bytes */
export function keyPairOf(privateKey: Uint8Array): KeyPair {
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/** 4 zero bytes ‖ counter as u64 little-endian. @throws RangeError unless 0 ≤ counter < 2^53 */
export function nonceOf(counter: number): Uint8Array {
  if (!Number.isSafeInteger(counter) || counter < 0) throw new RangeError(`not a packet counter: ${counter}`);
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, counter % 2 ** 32, true);
  view.setUint32(8, Math.floor(counter / 2 ** 32), true);
  return nonce;
}

/**
 * ChaCha20-Poly1305 (RFC 8439): ciphertext ‖ 16-byte tag.
 * @param nonce a counter below 2^53, or 12 bytes
 * @throws RangeError for a key or nonce of the wrong size
 */
export function aeadSeal(
  key: Uint8Array,
  nonce: number | Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Uint8Array {
  const backend = plaintext.length < longMessage ? nobleBackend : nodeBackend;
  return backend.seal(key, typeof nonce === "number" ? nonceOf(nonce) : nonce, plaintext, aad);
}

/** The plaintext, or undefined when it does not authenticate. Parameters as `aeadSeal`. */
export function aeadOpen(
  key: Uint8Array,
  nonce: number | Uint8Array,
  ciphertext: Uint8Array,
  aad: Uint8Array,
): Uint8Array | undefined {
  const backend = ciphertext.length < longMessage ? nobleBackend : nodeBackend;
  return backend.open(key, typeof nonce === "number" ? nonceOf(nonce) : nonce, ciphertext, aad);
}

/** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): a nonce of 24 bytes that may be random. @throws RangeError for wrong sizes */
export function xchachaSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  assertLength("an XChaCha20-Poly1305 key", key, 32);
  assertLength("an XChaCha20-Poly1305 nonce", nonce, 24);
  return xchacha20poly1305(key, nonce, aad).encrypt(plaintext);
}

/** The plaintext, or undefined when it does not authenticate. */
export function xchachaOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  aad: Uint8Array,
): Uint8Array | undefined {
  if (key.length !== 32 || nonce.length !== 24 || ciphertext.length < tagLength) return undefined;
  try {
    return xchacha20poly1305(key, nonce, aad).decrypt(ciphertext);
  } catch (error) {
    // Lengths were checked: what is left is a wrong tag.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Compares in time that depends on the lengths alone. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
