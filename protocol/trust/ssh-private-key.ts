// Private keys in OpenSSH's own format (OpenSSH PROTOCOL.key): opened where they are plain Ed25519, else only recognised.
import { timingSafeEqual } from "node:crypto";
import { TunnelMeshError } from "../errors/error.ts";
import { ed25519PublicPoint } from "./ed25519.ts";
import { readPublicKeyBlob, type SshPublicKey } from "./ssh-public-key.ts";
import { decodeBase64, SshFormatError, SshReader } from "./ssh-wire.ts";

/** What a key file holds. `encrypted` and `other` can sign through ssh-keygen alone. */
export type SshPrivateKey =
  | {
      readonly kind: "ed25519";
      /** 32 bytes (RFC 8032 §5.1.5); never printed. */
      readonly seed: Uint8Array;
      readonly publicKey: SshPublicKey;
    }
  | { readonly kind: "encrypted" | "other"; readonly publicKey: SshPublicKey };

const magic = "openssh-key-v1\0";
const fileLimit = 64 * 1024;

/**
 * Parses a key file. Of an Ed25519 key the public half must be the one that its seed gives: signing with a foreign public
 * half leaks the key (protocol.md §3 d).
 * @throws TunnelMeshError TM_TRUST_PRIVATE_KEY; nothing of the file is repeated in it
 */
export function parseOpenSshPrivateKey(pem: Uint8Array | string): SshPrivateKey {
  try {
    return readFrame(new SshReader(unarmor(pem)));
  } catch (error) {
    if (!(error instanceof SshFormatError)) throw error;
    throw new TunnelMeshError("TM_TRUST_PRIVATE_KEY", { detail: error.message });
  }
}

function unarmor(pem: Uint8Array | string): Uint8Array {
  if (pem.length > fileLimit) throw new SshFormatError("it is too long");
  const text = typeof pem === "string" ? pem : Buffer.from(pem).toString("latin1");
  const match =
    /^\s*-----BEGIN OPENSSH PRIVATE KEY-----\s([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----\s*$/.exec(text);
  if (match === null) throw new SshFormatError("it does not begin with BEGIN OPENSSH PRIVATE KEY");
  return decodeBase64(match[1]!.replace(/\s/g, ""));
}

function readFrame(reader: SshReader): SshPrivateKey {
  if (Buffer.from(reader.take(magic.length)).toString("latin1") !== magic)
    throw new SshFormatError("its magic is wrong");
  const cipher = reader.text();
  const derivation = reader.text();
  reader.string();
  if (reader.uint32() !== 1) throw new SshFormatError("it does not hold exactly one key");
  const publicKey = readPublicKeyBlob(reader.string());
  const secret = reader.string();
  // Authenticated ciphers append their tag here; a plain file ends.
  if (cipher !== "none") return { kind: "encrypted", publicKey };
  if (derivation !== "none") throw new SshFormatError("it is plain and names a key derivation");
  reader.end();
  return readSecret(new SshReader(secret), publicKey);
}

function readSecret(reader: SshReader, publicKey: SshPublicKey): SshPrivateKey {
  const check = reader.uint32();
  if (reader.uint32() !== check) throw new SshFormatError("its check numbers differ");
  if (reader.text() !== publicKey.type) throw new SshFormatError("its halves are of two types");
  if (publicKey.material.kind !== "ed25519") return { kind: "other", publicKey };
  const point = reader.string();
  const pair = reader.string();
  reader.string();
  if (reader.rest().some((byte, index) => byte !== ((index + 1) & 0xff)))
    throw new SshFormatError("its padding is wrong");
  if (point.length !== 32 || pair.length !== 64) throw new SshFormatError("an Ed25519 key has 32 and 64 bytes");
  const seed = Uint8Array.from(pair.subarray(0, 32));
  const derived = ed25519PublicPoint(seed);
  for (const half of [point, pair.subarray(32), publicKey.material.point]) {
    if (!timingSafeEqual(half, derived))
      throw new SshFormatError("its public half does not belong to its private half");
  }
  return { kind: "ed25519", seed, publicKey };
}
