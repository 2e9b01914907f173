// Private key files: what they hold in public, and signatures with them, once somebody has said the passphrase.
import { sign as signWith } from "node:crypto";
import { readFile } from "node:fs/promises";
import ssh2, { type ParsedKey } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { sshString } from "../../../protocol/trust/ssh-wire.ts";
import { type AskSecret, trySecret } from "./secrets.ts";

const keyFileLimit = 64 * 1024;

/** Undefined: it is not there. @throws TunnelMeshError TM_SSH_KEY_FILE when `required` */
export async function readKeyFile(file: string, required: boolean): Promise<string | undefined> {
  try {
    const text = await readFile(file, "utf8");
    if (text.length > keyFileLimit) throw new RangeError("it is larger than any key");
    return text;
  } catch (error) {
    if (!required) return undefined;
    throw new TunnelMeshError("TM_SSH_KEY_FILE", { detail: file, cause: error });
  }
}

/** The blob of a public key or certificate line; undefined when it is none. */
export function readPublicLine(text: string | undefined): { type: string; blob: Buffer } | undefined {
  const [, type, base64] = /^\s*([a-z0-9@.-]{1,64})\s+([A-Za-z0-9+/]+=*)(?:\s|$)/.exec(text ?? "") ?? [];
  if (type === undefined || base64 === undefined) return undefined;
  const blob = Buffer.from(base64, "base64");
  const length = blob.length < 4 ? 0 : blob.readUInt32BE(0);
  return blob.subarray(4, 4 + length).toString("latin1") === type ? { type, blob } : undefined;
}

/** From the private file where it is not encrypted; OpenSSH's form has it in public. */
export function publicHalf(text: string): { type: string; blob: Buffer } | undefined {
  const key = parseKey(text);
  return key instanceof Error ? undefined : { type: key.type, blob: key.getPublicSSH() };
}

/** The unlocked key. @throws Error that says why not, in a few words */
export async function unlock(file: string, text: string, ask: AskSecret | undefined): Promise<ParsedKey> {
  const key = parseKey(text);
  if (!(key instanceof Error)) return key;
  if (!isEncrypted(key)) throw key;
  if (ask === undefined) throw new Error("encrypted, and there is nobody to ask for its passphrase");
  for (;;) {
    const attempt = await trySecret(ask, `passphrase ${file}`, `Passphrase for ${file}: `);
    if (attempt === undefined) throw new Error("the passphrase is not right");
    const opened = parseKey(text, attempt.secret);
    attempt.settle(!(opened instanceof Error));
    if (!(opened instanceof Error)) return opened;
    if (!isEncrypted(opened)) throw opened;
  }
}

/** Algorithm and value, as SSH has a signature (RFC 4253 §6.6, RFC 5656 §3.1.2, RFC 8332, RFC 8709). */
export function signWithKey(key: ParsedKey, data: Buffer, algorithm: string): Buffer {
  const pem = key.getPrivatePEM();
  const hash = {
    "rsa-sha2-256": "sha256",
    "rsa-sha2-512": "sha512",
    "ecdsa-sha2-nistp256": "sha256",
    "ecdsa-sha2-nistp384": "sha384",
    "ecdsa-sha2-nistp521": "sha512",
  }[algorithm];
  const value = algorithm.startsWith("ecdsa-") ? signEcdsa(hash, data, pem) : signWith(hash, data, pem);
  return Buffer.concat([sshString(algorithm), sshString(value)]);
}

function signEcdsa(hash: string | undefined, data: Buffer, pem: string): Buffer {
  const pair = signWith(hash, data, { key: pem, dsaEncoding: "ieee-p1363" });
  const half = pair.length / 2;
  return Buffer.concat([pair.subarray(0, half), pair.subarray(half)].map(mpint));
}

/** Minimal and positive: no leading zeros, and one before a byte that would be a sign. */
function mpint(number: Buffer): Buffer {
  const first = number.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.alloc(0) : number.subarray(first);
  return sshString((digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

function parseKey(text: string, passphrase?: string): ParsedKey | Error {
  const parsed = ssh2.utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? (parsed[0] ?? new Error("it holds no key")) : parsed;
  return !(key instanceof Error) && !key.isPrivateKey() ? new Error("it holds no private key") : key;
}

function isEncrypted(error: Error): boolean {
  return /encrypted|passphrase|integrity|decrypt/i.test(error.message);
}
