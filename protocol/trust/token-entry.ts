// The log entries of join tokens: what the admins said that the holder of a token may do, and that it may no more (protocol.md §5, §6).
import { z } from "zod";
import { isUsableEd25519, isUsableX25519 } from "./curve-points.ts";
import { hex32, ipv4Field, labelField, timeField } from "./fields.ts";
import { tokenIdOf } from "./token-keys.ts";

/** SHA-256 of the token's public key, its first 8 bytes. */
export const tokenIdField = z.string().regex(/^[0-9a-f]{16}$/);

/** One generation of the network secret, sealed to the token: `wrapNetworkSecret`. */
export const wrapSchema = z.strictObject({
  gen: z.int().min(1).max(0xffff_ffff),
  /** 80 bytes: encapsulated key 32, ciphertext 32, tag 16. */
  sealed: z.string().regex(/^[0-9a-f]{160}$/),
});
export type Wrap = z.infer<typeof wrapSchema>;

export const tokenAddSchema = z
  .strictObject({
    type: z.literal("token.add"),
    tid: tokenIdField,
    /** Ed25519 public key that signs grants: 32 bytes. */
    pub: hex32.refine((text) => isUsableEd25519(Buffer.from(text, "hex"))),
    /** X25519 public key that network secrets are sealed to: 32 bytes. */
    wrapPub: hex32.refine((text) => isUsableX25519(Buffer.from(text, "hex"))),
    /** Unix seconds of a whole minute; from then on nobody new joins by it. */
    exp: timeField.min(60).refine((seconds) => seconds % 60 === 0, "a token expires on a whole minute"),
    /** How many nodes may join by it. */
    uses: z.int().min(1).max(65_535),
    /** The most that a grant of this token may have. */
    groups: z.array(labelField).max(64).readonly(),
    /** The names that it was made for; absent: any that is free. */
    names: z.array(labelField).min(1).max(64).readonly().optional(),
    /** The addresses that it was made for; absent: any that is free. */
    ip4s: z.array(ipv4Field).min(1).max(64).readonly().optional(),
    /** Its nodes are let go once they have been away for a day. */
    ephemeral: z.boolean(),
    /** Made for continuous integration, where `tm` signs grants for others with it. */
    ci: z.boolean(),
    /** At most the generations that a node holds. */
    wraps: z.array(wrapSchema).max(4).readonly(),
  })
  .refine(({ tid, pub }) => tokenIdOf(Buffer.from(pub, "hex")) === tid, "tid does not belong to pub");
export type TokenAdd = z.infer<typeof tokenAddSchema>;

/** No further node joins by the token; with `nodes` those that did are let go, unless an admin has granted them since. */
export const tokenRevokeSchema = z.strictObject({
  type: z.literal("token.revoke"),
  tid: tokenIdField,
  nodes: z.boolean(),
});
export type TokenRevoke = z.infer<typeof tokenRevokeSchema>;
