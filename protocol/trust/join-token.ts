// Join tokens as text: what a machine needs to find its mesh, check it, and sign itself in (protocol.md §6).
//
//   "tmj1_" ‖ base64url(bytes ‖ SHA-256("tm-join-v1" ‖ bytes)[0..4])
//   bytes: 0 version 01 · 1 flags · 2 mesh id 32 · 34 coordinator's X25519 key 32 · 66 seed 32
//          98 expiry u32, Unix minutes · 102 uses u16 · 104 count u8 · count × (length u8, URL)
//
// Numbers are little-endian. Flags: bit 0 ephemeral node, bit 1 the token signs grants itself. A token with any other flag, or
// without bit 1, is of another release. The checksum finds typing errors; it is no protection.
import { createHash, timingSafeEqual } from "node:crypto";
import type { MeshId, X25519PublicKey } from "../brand.ts";
import { isUsableX25519 } from "./curve-points.ts";

export interface JoinToken {
  readonly meshId: MeshId;
  readonly coordinatorKey: X25519PublicKey;
  /** 32 random bytes: whoever has them joins; never printed but as the token. */
  readonly seed: Uint8Array;
  /** Unix seconds, a whole minute; the log entry decides, this is for a good message. */
  readonly exp: number;
  readonly uses: number;
  readonly ephemeral: boolean;
  /** Of the coordinator, in the order in which they are tried; at least one. */
  readonly urls: readonly string[];
}

/** no-token: not even the prefix. typo: the checksum or the length is wrong. other-release: well-formed, and not for this one. */
export type JoinTokenRefusal = "no-token" | "typo" | "other-release" | "bad-field";
export type DecodedJoinToken =
  | { readonly ok: true; readonly token: JoinToken }
  | { readonly ok: false; readonly reason: JoinTokenRefusal };

export const joinTokenPrefix = "tmj1_";
/** Longest text of a token: eight URLs of 255 bytes. */
export const joinTokenLimit = 3000;
const urlLimit = 8;
const fixedLength = 105;
const flagEphemeral = 1;
const flagSigns = 2;
const urlPattern = /^wss?:\/\/[\x21-\x7e]+$/;

/** The text of a token. @throws RangeError when a field does not fit the layout */
export function encodeJoinToken(token: JoinToken): string {
  const { meshId, coordinatorKey, seed, exp, uses, ephemeral, urls } = token;
  if (!/^[0-9a-f]{64}$/.test(meshId)) throw new RangeError("a mesh id has 32 bytes");
  if (!isUsableX25519(coordinatorKey)) throw new RangeError("the coordinator's key is not usable");
  if (seed.length !== 32) throw new RangeError("the seed of a token has 32 bytes");
  if (exp % 60 !== 0 || exp < 60 || exp / 60 > 0xffff_ffff) throw new RangeError("a token expires on a whole minute");
  if (!Number.isInteger(uses) || uses < 1 || uses > 0xffff) throw new RangeError("a token has 1 to 65535 uses");
  if (urls.length < 1 || urls.length > urlLimit) throw new RangeError("a token names one to eight URLs");
  for (const url of urls) if (!isUrl(url)) throw new RangeError(`${url} is not a WebSocket URL of at most 255 bytes`);
  const numbers = Buffer.alloc(7);
  numbers.writeUInt32LE(exp / 60, 0);
  numbers.writeUInt16LE(uses, 4);
  numbers.writeUInt8(urls.length, 6);
  const bytes = Buffer.concat([
    Uint8Array.of(1, flagSigns | (ephemeral ? flagEphemeral : 0)),
    Buffer.from(meshId, "hex"),
    coordinatorKey,
    seed,
    numbers,
    ...urls.map((url) => Buffer.concat([Uint8Array.of(url.length), Buffer.from(url, "latin1")])),
  ]);
  return `${joinTokenPrefix}${Buffer.concat([bytes, checksum(bytes)]).toString("base64url")}`;
}

/** Reads the text of a token, spaces around it left out. Only what `encodeJoinToken` writes is read. */
export function decodeJoinToken(text: string): DecodedJoinToken {
  const trimmed = text.length > 2 * joinTokenLimit ? "" : text.trim();
  if (!trimmed.startsWith(joinTokenPrefix)) return refuse("no-token");
  const encoded = trimmed.slice(joinTokenPrefix.length);
  const all = Buffer.from(encoded, "base64url");
  if (trimmed.length > joinTokenLimit || all.toString("base64url") !== encoded) return refuse("typo");
  if (all.length < fixedLength + 4) return refuse("typo");
  const bytes = all.subarray(0, -4);
  if (!timingSafeEqual(checksum(bytes), all.subarray(-4))) return refuse("typo");
  const flags = bytes[1]!;
  if (bytes[0] !== 1 || (flags & ~flagEphemeral) !== flagSigns) return refuse("other-release");
  const urls = readUrls(bytes.subarray(104));
  const coordinatorKey = Uint8Array.from(bytes.subarray(34, 66)) as X25519PublicKey;
  const exp = bytes.readUInt32LE(98) * 60;
  const uses = bytes.readUInt16LE(102);
  if (urls === undefined || exp === 0 || uses === 0 || !isUsableX25519(coordinatorKey)) return refuse("bad-field");
  const meshId = bytes.subarray(2, 34).toString("hex") as MeshId;
  const seed = Uint8Array.from(bytes.subarray(66, 98));
  return {
    ok: true,
    token: { meshId, coordinatorKey, seed, exp, uses, ephemeral: (flags & flagEphemeral) !== 0, urls },
  };
}

/** count ‖ count × (length, URL), to the last byte. */
function readUrls(bytes: Buffer): readonly string[] | undefined {
  const count = bytes[0] ?? 0;
  if (count < 1 || count > urlLimit) return undefined;
  const urls: string[] = [];
  let offset = 1;
  for (let index = 0; index < count; index += 1) {
    const end = offset + 1 + (bytes[offset] ?? 0);
    const url = bytes.toString("latin1", offset + 1, end);
    if (end > bytes.length || !isUrl(url)) return undefined;
    urls.push(url);
    offset = end;
  }
  return offset === bytes.length ? urls : undefined;
}

function isUrl(url: string): boolean {
  return url.length <= 255 && urlPattern.test(url);
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash("sha256").update("tm-join-v1").update(bytes).digest().subarray(0, 4);
}

function refuse(reason: JoinTokenRefusal): DecodedJoinToken {
  return { ok: false, reason };
}
