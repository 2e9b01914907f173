// OpenSSH certificates (PROTOCOL.certkeys): parsed strictly, and checked for a host.
import { createHash } from "node:crypto";
import { readPublicKeyBlob, type SshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { SshFormatError, SshReader, sshString } from "../../../protocol/trust/ssh-wire.ts";
import { verifySignature } from "../../../protocol/trust/sshsig.ts";
import { matchesPatterns } from "./patterns.ts";
import { visible } from "./visible.ts";

export interface Certificate {
  readonly kind: "user" | "host" | "unknown";
  /** The certified key without the certificate: "ssh-ed25519 AAAA…". */
  readonly key: SshPublicKey;
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Seconds since 1970; `validBefore` is excluded. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly string[];
  readonly authority: SshPublicKey;
  /** Of the authority's signature: "ssh-ed25519", "rsa-sha2-512", … */
  readonly signatureAlgorithm: string;
  readonly signatureIsGood: boolean;
}

const suffix = "-cert-v01@openssh.com";
const blobLimit = 16 * 1024;
const principalLimit = 256;
/** How many strings or mpints the key itself takes. */
const fieldsOf: Readonly<Record<string, number>> = {
  "ssh-ed25519": 1,
  "ssh-rsa": 2,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
  "sk-ssh-ed25519@openssh.com": 2,
  "sk-ecdsa-sha2-nistp256@openssh.com": 3,
};

/** Whether a key's type says that it is a certificate. */
export function isCertificateType(type: string): boolean {
  return type.endsWith(suffix);
}

/** "ssh-ed25519-cert-v01@openssh.com" to "ssh-ed25519"; other types stay. */
export function plainType(type: string): string {
  if (!isCertificateType(type)) return type;
  const plain = type.slice(0, -suffix.length);
  return plain.startsWith("sk-") ? `${plain}@openssh.com` : plain;
}

/** @throws SshFormatError */
export function parseCertificate(blob: Uint8Array): Certificate {
  if (blob.length > blobLimit) throw new SshFormatError("it is longer than any certificate");
  const reader = new SshReader(blob);
  const type = reader.text();
  const plain = plainType(type);
  const count = isCertificateType(type) ? fieldsOf[plain] : undefined;
  if (count === undefined) throw new SshFormatError(`${type.slice(0, 64)} is no certificate that is known`);
  reader.string(); // The nonce.
  const fields = Array.from({ length: count }, () => sshString(reader.string()));
  const key = readPublicKeyBlob(Buffer.concat([sshString(plain), ...fields]));
  reader.take(8); // The serial number.
  const kind = ({ 1: "user", 2: "host" } as const)[reader.uint32()] ?? "unknown";
  const keyId = Buffer.from(reader.string()).toString("utf8");
  const principals = readPrincipals(reader.string());
  const [validAfter, validBefore] = [readUint64(reader), readUint64(reader)];
  const criticalOptions = readOptionNames(reader.string());
  reader.string(); // Extensions speak of user certificates alone.
  reader.string(); // Reserved.
  const authority = readPublicKeyBlob(reader.string());
  const signatureBytes = reader.string();
  reader.end();
  const covered = Buffer.from(blob.subarray(0, blob.length - 4 - signatureBytes.length));
  const signature = new SshReader(signatureBytes);
  const signatureAlgorithm = signature.text();
  const [value, tail] = [signature.string(), signature.rest()];
  const verdict = verifySignature(
    { signer: authority, algorithm: signatureAlgorithm, signature: value, tail },
    covered,
  );
  return {
    kind,
    key,
    keyId,
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    authority,
    signatureAlgorithm,
    signatureIsGood: verdict.ok,
  };
}

/**
 * Why a certificate does not say that its key is the host's; undefined: it does.
 * `name`: the host without its port. `now`: seconds since 1970. `algorithms`: what an authority may sign with.
 */
export function whyNotHost(
  certificate: Certificate,
  name: string,
  now: bigint,
  algorithms: readonly string[],
): string | undefined {
  const { kind, principals, validAfter, validBefore, criticalOptions, signatureAlgorithm } = certificate;
  if (!certificate.signatureIsGood) return "its signature is not good";
  if (!algorithms.includes(signatureAlgorithm)) return `${signatureAlgorithm} may not sign certificates`;
  if (kind !== "host") return "it is no host certificate";
  if (now < validAfter) return "it is not valid yet";
  if (now >= validBefore) return "it has expired";
  if (criticalOptions.length > 0) return `it wants ${visible(criticalOptions.join(", "), 100)}`;
  if (principals.length === 0) return "it names no host";
  if (principals.some((principal) => matchesPatterns([principal], name))) return undefined;
  return `it is for ${visible(principals.join(", "), 200)}`;
}

/** "SHA256:…" of a public key. */
export function fingerprint(key: SshPublicKey): string {
  return `SHA256:${createHash("sha256").update(key.blob).digest("base64").replace(/=+$/, "")}`;
}

function readUint64(reader: SshReader): bigint {
  return (BigInt(reader.uint32()) << 32n) | BigInt(reader.uint32());
}

function readPrincipals(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let left = bytes; left.length > 0; ) {
    if (found.length === principalLimit) throw new SshFormatError("it has too many principals");
    const reader = new SshReader(left);
    found.push(reader.text());
    left = reader.rest();
  }
  return found;
}

function readOptionNames(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let left = bytes; left.length > 0; ) {
    const reader = new SshReader(left);
    found.push(reader.text());
    reader.string();
    left = reader.rest();
  }
  return found;
}
