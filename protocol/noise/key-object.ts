// Raw X25519 keys as key objects of node:crypto, kept as long as the array they came from.
import { createPrivateKey, createPublicKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { assertLength } from "./backend.ts";

/** DER before a raw X25519 key (RFC 8410 §4 and §7). The length is checked first: OpenSSL reads past a short header silently. */
const spkiPrefix = Uint8Array.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 0x21, 0]);
const pkcs8Prefix = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]);

interface Imported {
  readonly key: KeyObject;
  /** The bytes that were imported, to notice an array that was reused for another key. */
  readonly bytes: Uint8Array;
}

const privateKeys = new WeakMap<Uint8Array, Imported>();
const publicKeys = new WeakMap<Uint8Array, Imported>();

/** @throws RangeError when the key is not 32 bytes */
export function importPrivateKey(raw: Uint8Array): KeyObject {
  return imported(privateKeys, raw, () => {
    const der = wrap(pkcs8Prefix, raw);
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    der.fill(0);
    return key;
  });
}

/** @throws RangeError when the key is not 32 bytes */
export function importPublicKey(raw: Uint8Array): KeyObject {
  return imported(publicKeys, raw, () => createPublicKey({ key: wrap(spkiPrefix, raw), format: "der", type: "spki" }));
}

/** The 32 bytes of the public key that belongs to a private one. */
export function rawPublicKey(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(
    createPublicKey(privateKey).export({ type: "spki", format: "der" }).subarray(spkiPrefix.length),
  );
}

/** Fills `secret` with zeros and drops what was kept for it. The engine may still hold copies of its own. */
export function wipe(secret: Uint8Array): void {
  privateKeys.get(secret)?.bytes.fill(0);
  privateKeys.delete(secret);
  secret.fill(0);
}

function imported(cache: WeakMap<Uint8Array, Imported>, raw: Uint8Array, create: () => KeyObject): KeyObject {
  assertLength("an X25519 key", raw, 32);
  const known = cache.get(raw);
  if (known !== undefined && timingSafeEqual(known.bytes, raw)) return known.key;
  const key = create();
  cache.set(raw, { key, bytes: raw.slice() });
  return key;
}

function wrap(prefix: Uint8Array, raw: Uint8Array): Buffer {
  return Buffer.concat([prefix, raw]);
}
