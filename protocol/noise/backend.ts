// What a cryptographic backend offers to the handshake; two exist and are tested against each other.

/** The primitives of 25519, ChaChaPoly and BLAKE2s (Noise rev. 34 §12). Keys are 32 bytes, tags 16. */
export interface CryptoBackend {
  readonly name: "noble" | "node";
  /** BLAKE2s-256 over the concatenation of `data` (RFC 7693). */
  blake2s(...data: readonly Uint8Array[]): Uint8Array;
  /** HMAC-BLAKE2s with block size 64 (RFC 2104). */
  hmacBlake2s(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array;
  /** X25519 (RFC 7748 §5); undefined when a length is wrong or the result is all zero. */
  diffieHellman(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
  /** The u-coordinate of a private scalar. @throws RangeError when it is not 32 bytes */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** ChaCha20-Poly1305 (RFC 8439): ciphertext ‖ tag. @throws RangeError for a key that is not 32 or a nonce that is not 12 bytes */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  /** The plaintext, or undefined when the tag or a length is wrong. */
  open(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): Uint8Array | undefined;
}

/** Length of a Poly1305 tag in bytes. */
export const tagLength = 16;

/** @throws RangeError unless `bytes` has exactly `length` bytes */
export function assertLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${what} is ${length} bytes, not ${bytes.length}`);
}
