// 32 bytes sealed to an X25519 key with HPKE (RFC 9180, base mode), so that what everybody may read can carry them.
//
// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; no additional data. Sealed: encapsulated key 32 ‖ ciphertext 32 ‖
// tag 16.
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, HpkeError } from "@hpke/core";
import type { X25519PrivateKey } from "../brand.ts";
import { publicKeyOf } from "../noise/primitives.ts";

/** The one suite that is used; made on demand, for its parts hold state. */
export function secretSuite(): CipherSuite {
  return new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Chacha20Poly1305(),
  });
}

/**
 * Seals 32 bytes to `recipient`, an X25519 public key. The library draws the ephemeral key itself, so two calls differ.
 * @param info names what it is for; it opens with the same alone
 * @returns 160 hexadecimal digits
 */
export async function sealSecret(recipient: Uint8Array, info: Uint8Array, secret: Uint8Array): Promise<string> {
  if (secret.length !== 32) throw new RangeError("a secret has 32 bytes");
  const suite = secretSuite();
  const recipientPublicKey = await suite.kem.deserializePublicKey(Uint8Array.from(recipient));
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: Uint8Array.from(info) }, Uint8Array.from(secret));
  return Buffer.concat([new Uint8Array(enc), new Uint8Array(ct)]).toString("hex");
}

/** Opens it; undefined when it was not sealed to this key and for this. @param sealed 160 hexadecimal digits */
export async function openSecret(
  recipient: X25519PrivateKey,
  info: Uint8Array,
  sealed: string,
): Promise<Uint8Array | undefined> {
  const bytes = Buffer.from(sealed, "hex");
  const suite = secretSuite();
  try {
    const privateKey = await suite.kem.importKey("raw", Uint8Array.from(recipient), false);
    const publicKey = await suite.kem.deserializePublicKey(Uint8Array.from(publicKeyOf(recipient)));
    const enc = Uint8Array.from(bytes.subarray(0, 32));
    const recipientKey = { privateKey, publicKey };
    const plain = await suite.open(
      { recipientKey, enc, info: Uint8Array.from(info) },
      Uint8Array.from(bytes.subarray(32)),
    );
    return plain.byteLength === 32 ? new Uint8Array(plain) : undefined;
  } catch (error) {
    if (error instanceof HpkeError) return undefined;
    throw error;
  }
}
