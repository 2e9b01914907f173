// Keys: the tunnel and control keys of a member, signed by its SSH key alone (life.md §2).
import { z } from "zod";
import { isUsableX25519 } from "./curve-points.ts";
import { canonicalJson, hex32, meshIdField, nodeIdField, sequenceField, timeField } from "./fields.ts";

const pointField = hex32.refine((text) => isUsableX25519(Buffer.from(text, "hex")), { abort: true });

export const keysSchema = z.strictObject({
  v: z.literal(1),
  mesh: meshIdField,
  nid: nodeIdField,
  /** Tunnel key; of a plain Ed25519 identity it is the map of that key. */
  x25519: pointField,
  /** Key of the control channel between peers. */
  ctl: pointField,
  /** Reserved for the post-quantum exchange. */
  ekSha256: z.null(),
  pq: z.literal("off"),
  /** Newest generation of the network secret that the node holds. */
  gen: z.int().min(0).max(0xffff_ffff),
  seq: sequenceField,
  /** Unix seconds on the node's clock; information only. */
  iat: timeField,
});
export type Keys = z.infer<typeof keysSchema>;

/** Canonical JSON of keys. @throws ZodError when a field does not fit */
export function encodeKeys(keys: Keys): string {
  return canonicalJson(keysSchema.parse(keys));
}
