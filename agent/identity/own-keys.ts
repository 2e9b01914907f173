// The signed item with this node's own tunnel keys: signed once per change, kept, so that seq stands still over restarts.
import { z } from "zod";
import type { MeshId } from "../../protocol/brand.ts";
import { signatureNamespaces } from "../../protocol/constants.ts";
import { decodeItem } from "../../protocol/trust/body.ts";
import { type SignedItem, signedItemSchema } from "../../protocol/trust/item.ts";
import { encodeKeys, type Keys } from "../../protocol/trust/keys.ts";
import { signItem } from "../../protocol/trust/signing.ts";
import { readIfThere, writeDurably } from "../map/durable.ts";
import type { Identity } from "./identity.ts";

export interface OwnKeysOptions {
  readonly identity: Identity;
  readonly meshId: MeshId;
  /** Newest generation of the network secret held here. */
  readonly generation: number;
  /** Highest seq that the map has of this node's keys; 0 = none. */
  readonly seenSeq: number;
  readonly file: string;
  readonly nowUnixSeconds: number;
  /** Keys that were signed before this moment (Unix seconds) are signed anew although nothing changed: a sign of life. */
  readonly signedSince?: number;
}

/** The kept item where it still says the truth and is not older than what the mesh has seen; else a new one with a higher seq. */
export async function ownKeysItem(options: OwnKeysOptions): Promise<SignedItem> {
  const { identity, meshId, generation, seenSeq, file, nowUnixSeconds, signedSince = 0 } = options;
  const kept = readKept(await readIfThere(file, 256 * 1024));
  const said = {
    mesh: meshId,
    nid: identity.nid,
    x25519: Buffer.from(identity.x25519.publicKey).toString("hex"),
    ctl: Buffer.from(identity.ctl.publicKey).toString("hex"),
    gen: generation,
  };
  const same =
    kept !== undefined && Object.entries(said).every(([name, value]) => kept.keys[name as keyof Keys] === value);
  if (same && kept.keys.seq >= seenSeq && kept.keys.iat >= signedSince) return kept.item;
  const seq = Math.max(seenSeq, kept?.keys.nid === identity.nid ? kept.keys.seq : 0) + 1;
  const body = encodeKeys({ v: 1, ...said, ekSha256: null, pq: "off", seq, iat: nowUnixSeconds });
  const item = await signItem(body, signatureNamespaces.node, [identity.signer]);
  await writeDurably(file, `${JSON.stringify(item)}\n`);
  return item;
}

/** A damaged file counts as none: the map's seq keeps the new item ahead. */
function readKept(text: string | undefined): { readonly item: SignedItem; readonly keys: Keys } | undefined {
  if (text === undefined) return undefined;
  const parsed = z
    .string()
    .transform((line, context) => {
      try {
        return JSON.parse(line) as unknown;
      } catch (error) {
        context.addIssue(error instanceof SyntaxError ? "it is not JSON" : "it cannot be read");
        return z.NEVER;
      }
    })
    .pipe(signedItemSchema)
    .safeParse(text);
  if (!parsed.success) return undefined;
  const decoded = decodeItem(parsed.data.body);
  return decoded.ok && decoded.item.kind === "keys" ? { item: parsed.data, keys: decoded.item.value } : undefined;
}
