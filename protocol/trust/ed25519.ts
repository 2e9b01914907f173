// Ed25519 seeds (RFC 8032 §5.1.5) as node:crypto wants them.
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** PKCS #8 frame of an Ed25519 private key (RFC 8410 §7); the 32-byte seed follows. */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Imports a seed. @throws RangeError unless it has 32 bytes */
export function ed25519PrivateKey(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw new RangeError("an Ed25519 seed has 32 bytes");
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
}

/** The public half of a seed: 32 bytes. @throws RangeError unless the seed has 32 bytes */
export function ed25519PublicPoint(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(ed25519PrivateKey(seed)).export({ format: "der", type: "spki" });
  return Uint8Array.from(spki.subarray(-32));
}
