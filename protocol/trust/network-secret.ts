// Secrets that bind every tunnel to its mesh: from the network secret to the preshared key of a pair (protocol.md §4.2, life.md §3).
import { hkdfSync } from "node:crypto";
import type { MeshId, PresharedKey, X25519PublicKey } from "../brand.ts";

/**
 * pskPair = HKDF-SHA256(ikm = network secret of `generation`, salt = meshId, info = "tm-net-pair-v1" ‖ gen ‖ lo(X) ‖ hi(X), 32).
 * `gen` is an unsigned 32-bit number, little-endian; X are the tunnel keys of both nodes, sorted as bytes, so both sides
 * compute the same. It is also the preshared key of the control channel.
 * @param secret 32 bytes
 */
export function pairSecret(
  secret: Uint8Array,
  meshId: MeshId,
  generation: number,
  left: X25519PublicKey,
  right: X25519PublicKey,
): PresharedKey {
  if (secret.length !== 32) throw new RangeError("a network secret has 32 bytes");
  return expand(secret, meshId, "tm-net-pair-v1", generation, left, right);
}

/**
 * Preshared key of the tunnel between two agents: HKDF-SHA256(ikm = pskPair, salt = meshId,
 * info = "tm-wg-psk-v1 pair" ‖ gen ‖ lo(X) ‖ hi(X), 32), with the same encodings.
 * @param pair what `pairSecret` gave
 */
export function tunnelPsk(
  pair: PresharedKey,
  meshId: MeshId,
  generation: number,
  left: X25519PublicKey,
  right: X25519PublicKey,
): PresharedKey {
  return expand(pair, meshId, "tm-wg-psk-v1 pair", generation, left, right);
}

function expand(
  key: Uint8Array,
  meshId: MeshId,
  label: string,
  generation: number,
  left: X25519PublicKey,
  right: X25519PublicKey,
): PresharedKey {
  const gen = Buffer.alloc(4);
  gen.writeUInt32LE(generation);
  const [low, high] = Buffer.compare(left, right) <= 0 ? [left, right] : [right, left];
  const info = Buffer.concat([Buffer.from(label, "ascii"), gen, low, high]);
  return new Uint8Array(hkdfSync("sha256", key, Buffer.from(meshId, "hex"), info, 32)) as PresharedKey;
}
