// A generation of the network secret, sealed to a key so that the log can carry it (life.md §1, §3).
//
// As in sealed-secret.ts; info = "tm-net-wrap-v1" ‖ mesh id 32 ‖ generation u32, little-endian.
import type { MeshId, X25519PrivateKey } from "../brand.ts";
import { openSecret, sealSecret } from "./sealed-secret.ts";
import type { Wrap } from "./token-entry.ts";

/** A generation in the clear. `secret`: 64 hexadecimal digits, as in network-secret.json; never printed. */
export interface SecretGeneration {
  readonly gen: number;
  readonly secret: string;
}

/** Seals one generation to `recipient`, an X25519 public key of 32 bytes; two calls differ. */
export async function wrapNetworkSecret(
  recipient: Uint8Array,
  meshId: MeshId,
  { gen, secret }: SecretGeneration,
): Promise<Wrap> {
  const bytes = Buffer.from(secret, "hex");
  const sealed = await sealSecret(recipient, infoOf(meshId, gen), bytes);
  bytes.fill(0);
  return { gen, sealed };
}

/** Opens one generation; undefined when it was not sealed to this key, for this mesh and this generation. */
export async function unwrapNetworkSecret(
  recipient: X25519PrivateKey,
  meshId: MeshId,
  { gen, sealed }: Wrap,
): Promise<SecretGeneration | undefined> {
  const secret = await openSecret(recipient, infoOf(meshId, gen), sealed);
  return secret && { gen, secret: Buffer.from(secret).toString("hex") };
}

function infoOf(meshId: MeshId, gen: number): Uint8Array {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(gen);
  return Buffer.concat([Buffer.from("tm-net-wrap-v1"), Buffer.from(meshId, "hex"), number]);
}
