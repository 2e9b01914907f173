// Schemas of the fields that signed bodies share: ids, names, addresses, times.
import canonicalize from "canonicalize";
import { z } from "zod";
import { parseCidr, parseIpv4 } from "../addresses/parse.ts";
import type { Ipv4Address, MeshId, NodeId } from "../brand.ts";
import { isTunnelMeshError } from "../errors/error.ts";
import { parseSshPublicKey } from "./ssh-public-key.ts";

/** 32 bytes in lower-case hexadecimal digits. */
export const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
export const meshIdField = hex32.transform((text) => text as MeshId);
export const nodeIdField = hex32.transform((text) => text as NodeId);
/** One DNS label. */
export const labelField = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
/** A domain of labels, at most 200 characters, so that NAME.DOMAIN stays a name. */
export const domainField = z
  .string()
  .max(200)
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/);
/** Counts up by the signer; below 2^53. */
export const sequenceField = z.int().min(1);
/** Unix seconds. */
export const timeField = z.int().min(0);
export const ipv4Field = z
  .string()
  .refine((text) => accepts(() => parseIpv4(text)), { abort: true })
  .transform((text) => text as Ipv4Address);
/** A range in the one form that `parseCidr` gives back. */
export const cidrField = z
  .string()
  .refine((text) => accepts(() => parseCidr(text).text === text || fail()), { abort: true });
/** "TYPE BASE64" without comment, as `SshPublicKey.line` has it. */
export const keyLineField = z
  .string()
  .max(6000)
  .refine((text) => accepts(() => parseSshPublicKey(text).line === text || fail()), { abort: true });

/** Canonical JSON (RFC 8785). @throws RangeError on what JSON cannot say */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new RangeError("this has no JSON form");
  return text;
}

function accepts(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof RangeError || isTunnelMeshError(error)) return false;
    throw error;
  }
}

function fail(): never {
  throw new RangeError("this is not its canonical form");
}
