// Signs and verifies SSHSIG signatures, interchangeable with ssh-keygen -Y sign and -Y verify (OpenSSH PROTOCOL.sshsig).
import { createHash, sign, verify } from "node:crypto";
import { ed25519PrivateKey, ed25519PublicPoint } from "./ed25519.ts";
import { keyObjectOf } from "./key-material.ts";
import { parseSshPublicKey, type SshPublicKey } from "./ssh-public-key.ts";
import { SshFormatError, SshReader, sshString } from "./ssh-wire.ts";
import { decodeSshsig, encodeSshsig, type Sshsig, sshsigSignedBytes } from "./sshsig-format.ts";

export type SshsigVerdict =
  | { readonly ok: true; readonly signer: SshPublicKey }
  | { readonly ok: false; readonly reason: SshsigRefusal };
export type SshsigRefusal = "malformed" | "other-namespace" | "other-algorithm" | "no-user-presence" | "bad-signature";

/** Bit 0 of a security key's flags: somebody touched it (OpenSSH PROTOCOL.u2f). */
const userPresent = 0x01;

/** Signs with a plain Ed25519 seed (32 bytes) over SHA-512 of the message; the result is armored and ends in a newline. */
export function signSshsig(seed: Uint8Array, namespace: string, message: Uint8Array | string): string {
  const signer = publicKeyOfSeed(seed);
  const signature = sign(null, sshsigSignedBytes(namespace, "sha512", message), ed25519PrivateKey(seed));
  return encodeSshsig({
    signer,
    namespace,
    hash: "sha512",
    algorithm: signer.type,
    signature,
    tail: new Uint8Array(0),
  });
}

/** The SSH public key of a plain Ed25519 seed (32 bytes). */
export function publicKeyOfSeed(seed: Uint8Array): SshPublicKey {
  return parseSshPublicKey(Buffer.concat([sshString("ssh-ed25519"), sshString(ed25519PublicPoint(seed))]));
}

/**
 * Verifies a signature for exactly this namespace and says who made it; whether that key may sign is the caller's question.
 * Refused: certificates, ssh-rsa with SHA-1, security keys that nobody touched, any byte too many.
 */
export function verifySshsig(armored: string, namespace: string, message: Uint8Array | string): SshsigVerdict {
  try {
    const sshsig = decodeSshsig(armored);
    if (sshsig.namespace !== namespace) return { ok: false, reason: "other-namespace" };
    return verifySignature(sshsig, sshsigSignedBytes(namespace, sshsig.hash, message));
  } catch (error) {
    if (error instanceof SshFormatError) return { ok: false, reason: "malformed" };
    throw error;
  }
}

/** Checks a bare signature as SSH has it, in certificates too. @throws SshFormatError when its numbers are damaged */
export function verifySignature(
  { signer, algorithm, signature, tail }: Pick<Sshsig, "signer" | "algorithm" | "signature" | "tail">,
  signed: Buffer,
): SshsigVerdict {
  const { material } = signer;
  const key = keyObjectOf(material);
  const securityKey = material.kind === "sk-ed25519" || material.kind === "sk-ecdsa";
  if (!securityKey && tail.length !== 0) return { ok: false, reason: "malformed" };
  if (algorithm !== signer.type && material.kind !== "rsa") return { ok: false, reason: "other-algorithm" };
  const verdict = (good: boolean): SshsigVerdict =>
    good ? { ok: true, signer } : { ok: false, reason: "bad-signature" };
  switch (material.kind) {
    case "ed25519":
      return verdict(signature.length === 64 && verify(null, signed, key, signature));
    case "rsa": {
      const hash = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" }[algorithm];
      if (hash === undefined) return { ok: false, reason: "other-algorithm" };
      return verdict(signature.length === material.modulus.length && verify(hash, signed, key, signature));
    }
    case "ecdsa": {
      const hash = { nistp256: "sha256", nistp384: "sha384", nistp521: "sha512" }[material.curve];
      const pair = rawEcdsa(signature, (material.point.length - 1) / 2);
      return verdict(verify(hash, signed, { key, dsaEncoding: "ieee-p1363" }, pair));
    }
    case "sk-ed25519":
    case "sk-ecdsa": {
      if (tail.length !== 5) return { ok: false, reason: "malformed" };
      if ((tail[0]! & userPresent) === 0) return { ok: false, reason: "no-user-presence" };
      const data = Buffer.concat([sha256(material.application), tail, sha256(signed)]);
      if (material.kind === "sk-ed25519") return verdict(signature.length === 64 && verify(null, data, key, signature));
      return verdict(verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, rawEcdsa(signature, 32)));
    }
    default:
      return material satisfies never;
  }
}

/** mpint r ‖ mpint s (RFC 5656 §3.1.2) as two numbers of `size` bytes. */
function rawEcdsa(signature: Uint8Array, size: number): Buffer {
  const reader = new SshReader(signature);
  const numbers = [reader.positive(), reader.positive()];
  reader.end();
  if (numbers.some((number) => number.length > size)) throw new SshFormatError("its numbers are too long");
  return Buffer.concat(numbers.flatMap((number) => [Buffer.alloc(size - number.length), number]));
}

function sha256(data: Uint8Array | string): Buffer {
  return createHash("sha256").update(data).digest();
}
