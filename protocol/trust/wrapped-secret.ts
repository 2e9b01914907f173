// A generation of the network secret, sealed to a key with HPKE (RFC 9180, base mode) so that the log can carry it (life.md §1, §3).
//
// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; info = "tm-net-wrap-v1" ‖ mesh id 32 ‖ generation u32,
// little-endian; no additional data. Sealed: encapsulated key 32 ‖ ciphertext 32 ‖ tag 16.
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, HpkeError } from "@hpke/core";
import type { MeshId, X25519PrivateKey } from "../brand.ts";
import { publicKeyOf } from "../noise/primitives.ts";
import type { Wrap } from "./token-entry.ts";

/** A generation in the clear. `secret`: 64 hexadecimal digits, as in network-secret.json; never printed. */
export interface SecretGeneration {
  readonly gen: number;
  readonly secret: string;
}

/** The one suite that is used; made on demand, for its parts hold state. */
export function networkSecretSuite(): CipherSuite {
  return new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Chacha20Poly1305(),
  });
}

/** Seals one generation to `recipient`, an X25519 public key of 32 bytes. The library draws the ephemeral key itself, so two calls differ. */
export async function wrapNetworkSecret(
  recipient: Uint8Array,
  meshId: MeshId,
  { gen, secret }: SecretGeneration,
): Promise<Wrap> {
  const bytes = Buffer.from(secret, "hex");
  if (bytes.length !== 32) throw new RangeError("a network secret has 32 bytes");
  const suite = networkSecretSuite();
  const recipientPublicKey = await suite.kem.deserializePublicKey(Uint8Array.from(recipient));
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: infoOf(meshId, gen) }, Uint8Array.from(bytes));
  bytes.fill(0);
  return { gen, sealed: Buffer.concat([new Uint8Array(enc), new Uint8Array(ct)]).toString("hex") };
}

/** Opens one generation; undefined when it was not sealed to this key, for this mesh and this generation. */
export async function unwrapNetworkSecret(
  recipient: X25519PrivateKey,
  meshId: MeshId,
  { gen, sealed }: Wrap,
): Promise<SecretGeneration | undefined> {
  const bytes = Buffer.from(sealed, "hex");
  const suite = networkSecretSuite();
  try {
    const privateKey = await suite.kem.importKey("raw", Uint8Array.from(recipient), false);
    const publicKey = await suite.kem.deserializePublicKey(Uint8Array.from(publicKeyOf(recipient)));
    const enc = Uint8Array.from(bytes.subarray(0, 32));
    const ciphertext = Uint8Array.from(bytes.subarray(32));
    const plain = await suite.open(
      { recipientKey: { privateKey, publicKey }, enc, info: infoOf(meshId, gen) },
      ciphertext,
    );
    return plain.byteLength === 32 ? { gen, secret: Buffer.from(plain).toString("hex") } : undefined;
  } catch (error) {
    if (error instanceof HpkeError) return undefined;
    throw error;
  }
}

function infoOf(meshId: MeshId, gen: number): Uint8Array<ArrayBuffer> {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(gen);
  return Uint8Array.from(Buffer.concat([Buffer.from("tm-net-wrap-v1"), Buffer.from(meshId, "hex"), number]));
}
