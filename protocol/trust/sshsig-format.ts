// The SSHSIG container (OpenSSH PROTOCOL.sshsig): armor, fields, and the bytes that are signed.
import { createHash } from "node:crypto";
import { readPublicKeyBlob, type SshPublicKey } from "./ssh-public-key.ts";
import { decodeBase64, SshFormatError, SshReader, sshString, sshUint32 } from "./ssh-wire.ts";

/** A decoded signature. Only the canonical armor decodes, so one signature has one text. */
export interface Sshsig {
  readonly signer: SshPublicKey;
  readonly namespace: string;
  readonly hash: "sha256" | "sha512";
  /** "ssh-ed25519", "rsa-sha2-512", … */
  readonly algorithm: string;
  readonly signature: Uint8Array;
  /** Flags and counter of a security key; empty for other keys. */
  readonly tail: Uint8Array;
}

const magic = "SSHSIG";
const begin = "-----BEGIN SSH SIGNATURE-----";
const end = "-----END SSH SIGNATURE-----";
const armorLimit = 8192;

/**
 * Decodes an armored signature as ssh-keygen writes it.
 * @throws SshFormatError on anything else: other line lengths, trailing bytes, version other than 1, certificates, unknown hash
 */
export function decodeSshsig(armored: string): Sshsig {
  if (armored.length > armorLimit) throw new SshFormatError("it is too long");
  if (!armored.startsWith(`${begin}\n`) || !armored.endsWith(`\n${end}\n`)) throw new SshFormatError("it has no armor");
  const blob = decodeBase64(armored.slice(begin.length + 1, -end.length - 2).replaceAll("\n", ""));
  if (armor(blob) !== armored) throw new SshFormatError("its armor is not as ssh-keygen writes it");
  const reader = new SshReader(blob);
  if (Buffer.from(reader.take(magic.length)).toString("latin1") !== magic)
    throw new SshFormatError("its magic is wrong");
  if (reader.uint32() !== 1) throw new SshFormatError("its version is not 1");
  const signer = readPublicKeyBlob(reader.string());
  const namespace = reader.text();
  if (reader.string().length !== 0) throw new SshFormatError("its reserved field is not empty");
  const hash = reader.text();
  if (hash !== "sha256" && hash !== "sha512") throw new SshFormatError("its hash is neither sha256 nor sha512");
  const inner = new SshReader(reader.string());
  reader.end();
  return { signer, namespace, hash, algorithm: inner.text(), signature: inner.string(), tail: inner.rest() };
}

/** The armored form, as ssh-keygen writes it. */
export function encodeSshsig(sshsig: Sshsig): string {
  return armor(
    Buffer.concat([
      Buffer.from(magic),
      sshUint32(1),
      sshString(sshsig.signer.blob),
      sshString(sshsig.namespace),
      sshString(""),
      sshString(sshsig.hash),
      sshString(Buffer.concat([sshString(sshsig.algorithm), sshString(sshsig.signature), sshsig.tail])),
    ]),
  );
}

/** "SSHSIG" ‖ namespace ‖ reserved ‖ hash name ‖ H(message): what the key signs. */
export function sshsigSignedBytes(namespace: string, hash: "sha256" | "sha512", message: Uint8Array | string): Buffer {
  const digest = createHash(hash).update(message).digest();
  return Buffer.concat([Buffer.from(magic), sshString(namespace), sshString(""), sshString(hash), sshString(digest)]);
}

function armor(blob: Uint8Array): string {
  const lines =
    Buffer.from(blob)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  return `${[begin, ...lines, end].join("\n")}\n`;
}
