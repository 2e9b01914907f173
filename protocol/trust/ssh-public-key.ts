// SSH public keys: parsed strictly from a line or from their wire form; the identity of nodes and admins.
import { createHash } from "node:crypto";
import type { NodeId } from "../brand.ts";
import { TunnelMeshError } from "../errors/error.ts";
import { isUsableEd25519 } from "./curve-points.ts";
import { type KeyMaterial, keyObjectOf } from "./key-material.ts";
import { decodeBase64, SshFormatError, SshReader } from "./ssh-wire.ts";

const curves = {
  "ecdsa-sha2-nistp256": { curve: "nistp256", bytes: 32 },
  "ecdsa-sha2-nistp384": { curve: "nistp384", bytes: 48 },
  "ecdsa-sha2-nistp521": { curve: "nistp521", bytes: 66 },
} as const;

/** The largest public key blob that is read: an RSA key of 16 384 bits. */
const blobLimit = 4096;

/** A public key of a kind that may sign for a mesh. */
export interface SshPublicKey {
  /** "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com", … */
  readonly type: string;
  /** Wire form (RFC 4253 §6.6, RFC 8709 §4, RFC 5656 §3.1, OpenSSH PROTOCOL.u2f). */
  readonly blob: Uint8Array;
  /** "TYPE BASE64" without comment. */
  readonly line: string;
  readonly comment: string;
  /** The decoded numbers of the blob. */
  readonly material: KeyMaterial;
}

/**
 * Parses "TYPE BASE64 [COMMENT]" or a wire-form blob.
 * @throws TunnelMeshError TM_TRUST_PUBLIC_KEY
 */
export function parseSshPublicKey(source: string | Uint8Array): SshPublicKey {
  try {
    return typeof source === "string" ? parseLine(source.trim()) : parseBlob(source, "");
  } catch (error) {
    if (!(error instanceof SshFormatError)) throw error;
    throw new TunnelMeshError("TM_TRUST_PUBLIC_KEY", { detail: error.message });
  }
}

/** Like `parseSshPublicKey`, but throws `SshFormatError`: for parsers of formats that contain a key. */
export function readPublicKeyBlob(blob: Uint8Array): SshPublicKey {
  return parseBlob(blob, "");
}

/** SHA-256 of the key's blob: the id of the node that holds it (life.md §2). */
export function nodeIdOf(key: SshPublicKey): NodeId {
  return createHash("sha256").update(key.blob).digest("hex") as NodeId;
}

/** "SHA256:…" as ssh-keygen -l prints it. */
export function fingerprintOf(key: SshPublicKey): string {
  return `SHA256:${createHash("sha256").update(key.blob).digest("base64").replace(/=+$/, "")}`;
}

function parseLine(line: string): SshPublicKey {
  const match = /^(\S+) +(\S+)(?: +([^\r\n]*))?$/.exec(line);
  if (match === null || line.length > 2 * blobLimit) throw new SshFormatError("it is not one line TYPE BASE64 COMMENT");
  const key = parseBlob(decodeBase64(match[2]!), match[3] ?? "");
  if (key.type !== match[1]) throw new SshFormatError("the type before the base64 is not the one inside");
  return key;
}

function parseBlob(source: Uint8Array, comment: string): SshPublicKey {
  if (source.length > blobLimit) throw new SshFormatError("it is too long");
  const blob = Uint8Array.from(source);
  const reader = new SshReader(blob);
  const type = reader.text();
  const material = readMaterial(type, reader);
  reader.end();
  try {
    // Any 32 bytes import as an Ed25519 key; a point that is none fails at its first signature.
    if (material.kind !== "ed25519") keyObjectOf(material);
  } catch (error) {
    throw new SshFormatError("its numbers are not a key", { cause: error });
  }
  return { type, blob, line: `${type} ${Buffer.from(blob).toString("base64")}`, comment, material };
}

function readMaterial(type: string, reader: SshReader): KeyMaterial {
  switch (type) {
    case "ssh-ed25519":
      return { kind: "ed25519", point: readEd25519(reader) };
    case "ssh-rsa":
      return readRsa(reader);
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521":
      return { kind: "ecdsa", ...readEcdsa(curves[type], reader) };
    case "sk-ssh-ed25519@openssh.com":
      return { kind: "sk-ed25519", point: readEd25519(reader), application: reader.text() };
    case "sk-ecdsa-sha2-nistp256@openssh.com":
      return { kind: "sk-ecdsa", ...readEcdsa(curves["ecdsa-sha2-nistp256"], reader), application: reader.text() };
    default:
      throw new SshFormatError(`keys of type ${type.slice(0, 64)} are not supported`);
  }
}

function readEd25519(reader: SshReader): Uint8Array {
  const point = reader.string();
  if (point.length !== 32) throw new SshFormatError("an Ed25519 key has 32 bytes");
  if (!isUsableEd25519(point)) throw new SshFormatError("its point is one under which anybody can sign");
  return point;
}

function readRsa(reader: SshReader): KeyMaterial {
  const exponent = reader.positive();
  const modulus = reader.positive();
  const bits = modulus.length * 8 - Math.clz32(modulus[0]!) + 24;
  if (bits < 2048) throw new SshFormatError(`an RSA key needs at least 2048 bits, this one has ${bits}`);
  if (
    bits > 16384 ||
    exponent.length > 8 ||
    (exponent.at(-1)! & 1) === 0 ||
    (exponent.length === 1 && exponent[0]! < 3)
  ) {
    throw new SshFormatError("its RSA numbers are out of bounds");
  }
  return { kind: "rsa", exponent, modulus };
}

function readEcdsa<C extends (typeof curves)[keyof typeof curves]>({ curve, bytes }: C, reader: SshReader) {
  if (reader.text() !== curve) throw new SshFormatError("its curve is not the one of its type");
  const point = reader.string();
  if (point.length !== 1 + 2 * bytes || point[0] !== 4) throw new SshFormatError("its curve point is damaged");
  return { curve: curve as C["curve"], point };
}
