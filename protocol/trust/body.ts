// Decodes the body of a signed item: canonical JSON of exactly one of four kinds.
import { signedItemLimit } from "../constants.ts";
import { canonicalJson } from "./fields.ts";
import { type Genesis, genesisSchema } from "./genesis.ts";
import { type Grant, grantSchema } from "./grant.ts";
import { type Keys, keysSchema } from "./keys.ts";
import { type LogEntry, readLogEntry } from "./log-entry.ts";

export type DecodedItem =
  | { readonly kind: "genesis"; readonly value: Genesis }
  | { readonly kind: "log"; readonly value: LogEntry }
  | { readonly kind: "grant"; readonly value: Grant }
  | { readonly kind: "keys"; readonly value: Keys };
export type BodyRefusal = "too-long" | "not-json" | "unknown-kind" | "bad-field" | "not-canonical";
export type DecodedBody =
  | { readonly ok: true; readonly item: DecodedItem }
  | { readonly ok: false; readonly reason: BodyRefusal };

/** How deep objects and arrays of a body may nest. */
const depthLimit = 16;

/**
 * Decodes a body. The kinds are told apart by a field that only one of them has: `admins`, `op`, `sshPub`, `x25519`. The
 * canonical form of what was read must be the body again, byte for byte: so no duplicate keys, floats or hidden fields.
 */
export function decodeItem(body: string): DecodedBody {
  if (Buffer.byteLength(body, "utf8") > signedItemLimit) return refuse("too-long");
  // A lone surrogate has no UTF-8 form of its own: two texts would share the signed bytes.
  if (!body.isWellFormed()) return refuse("not-json");
  const json = parseJson(body);
  // Asked of valid JSON alone: over strings that do not end the search would take time squared.
  if (json === undefined || isDeep(body)) return refuse("not-json");
  if (typeof json !== "object" || json === null || Array.isArray(json)) return refuse("not-json");
  const kind = kindOf(json);
  if (kind === undefined) return refuse("unknown-kind");
  const read = readKind(kind, json);
  if (read === undefined) return refuse("bad-field");
  return canonicalJson(read.plain) === body ? { ok: true, item: read.item } : refuse("not-canonical");
}

function kindOf(json: object): DecodedItem["kind"] | undefined {
  const kinds = [
    ["admins", "genesis"],
    ["op", "log"],
    ["sshPub", "grant"],
    ["x25519", "keys"],
  ] as const;
  return kinds.find(([field]) => Object.hasOwn(json, field))?.[1];
}

function readKind(
  kind: DecodedItem["kind"],
  json: object,
): { readonly item: DecodedItem; readonly plain: unknown } | undefined {
  switch (kind) {
    case "genesis": {
      const { success, data } = genesisSchema.safeParse(json);
      return success ? { item: { kind, value: data }, plain: data } : undefined;
    }
    case "log": {
      const entry = readLogEntry(json);
      return entry === undefined ? undefined : { item: { kind, value: entry.value }, plain: entry.plain };
    }
    case "grant": {
      const { success, data } = grantSchema.safeParse(json);
      return success ? { item: { kind, value: data }, plain: data } : undefined;
    }
    case "keys": {
      const { success, data } = keysSchema.safeParse(json);
      return success ? { item: { kind, value: data }, plain: data } : undefined;
    }
    default:
      return kind satisfies never;
  }
}

/** Bodies are flat; a deep one would only exhaust the stack of whoever writes it out again. */
function isDeep(body: string): boolean {
  let depth = 0;
  for (const [bracket] of body.replace(/"(?:[^"\\]|\\.)*"/g, "").matchAll(/[[\]{}]/g)) {
    depth += bracket === "[" || bracket === "{" ? 1 : -1;
    if (depth > depthLimit) return true;
  }
  return false;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function refuse(reason: BodyRefusal): DecodedBody {
  return { ok: false, reason };
}
