// Grants: who is a member, under which name and addresses; signed by admins (life.md §2).
import { z } from "zod";
import { clientTunnelKey } from "./client-key.ts";
import {
  canonicalJson,
  cidrField,
  hex32,
  ipv4Field,
  keyLineField,
  labelField,
  meshIdField,
  nodeIdField,
  sequenceField,
  timeField,
} from "./fields.ts";
import { nodeIdOf, parseSshPublicKey } from "./ssh-public-key.ts";

export const grantSchema = z
  .strictObject({
    v: z.literal(1),
    mesh: meshIdField,
    /** SHA-256 of the blob of `sshPub`. */
    nid: nodeIdField,
    /** "TYPE BASE64" without comment. */
    sshPub: keyLineField,
    name: labelField,
    ip4: ipv4Field,
    groups: z.array(labelField).max(64).readonly(),
    /** Ranges that this member carries for others. */
    routes: z.array(cidrField).max(64).readonly(),
    /** Unix seconds; 0 = never. */
    exp: timeField,
    origin: z.enum(["stack", "add-node", "token"]),
    /** Gateways of a client that is no agent. */
    via: z.array(nodeIdField).min(1).max(16).readonly().optional(),
    /** The client's secret, sealed to each of `via` in its order (client-secret.ts); releases before clients know no such field. */
    wraps: z
      .array(z.string().regex(/^[0-9a-f]{160}$/))
      .min(1)
      .max(16)
      .readonly()
      .optional(),
    seq: sequenceField,
    /** SHA-256 of the first signer's public key blob. */
    by: hex32,
  })
  .refine((grant) => nodeIdOf(parseSshPublicKey(grant.sshPub)) === grant.nid, "nid does not belong to sshPub")
  .refine(
    ({ via, wraps }) => wraps === undefined || (via !== undefined && wraps.length === via.length),
    "one per gateway",
  )
  .refine(({ via, wraps }) => wraps === undefined || new Set(via).size === via?.length, "a gateway is named twice")
  .refine(
    ({ sshPub, wraps }) => wraps === undefined || clientTunnelKey(parseSshPublicKey(sshPub)) !== undefined,
    "sshPub is not the key of a client",
  );
export type Grant = z.infer<typeof grantSchema>;

/** Canonical JSON of a grant. @throws ZodError when a field does not fit */
export function encodeGrant(grant: Grant): string {
  return canonicalJson(grantSchema.parse(grant));
}
