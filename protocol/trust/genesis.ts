// Genesis: the body that a mesh begins with; its hash is the mesh's id (life.md §1).
import { createHash } from "node:crypto";
import { z } from "zod";
import { parseCidr } from "../addresses/parse.ts";
import type { MeshId } from "../brand.ts";
import { canonicalJson, cidrField, domainField, hex32, keyLineField, labelField } from "./fields.ts";

export const genesisSchema = z
  .strictObject({
    v: z.literal(1),
    /** STACK-STAGE. */
    name: labelField,
    /** 32 random bytes: two meshes of one name differ. */
    nonce: hex32,
    /** SSH public keys, "TYPE BASE64" without comment. */
    admins: z.array(keyLineField).min(1).max(16).readonly(),
    /** How many admins must sign. */
    threshold: z.int().min(1).max(16),
    /** IPv4 range of the members' addresses. */
    range: cidrField,
    domain: domainField,
  })
  .refine((genesis) => new Set(genesis.admins).size === genesis.admins.length, "an admin is listed twice")
  .refine((genesis) => genesis.threshold <= genesis.admins.length, "the threshold is higher than the number of admins")
  .refine(({ range }) => isRange(range), "the range is IPv4, from /8 to /30");
export type Genesis = z.infer<typeof genesisSchema>;

/** Canonical JSON of a genesis. @throws ZodError when a field does not fit */
export function encodeGenesis(genesis: Genesis): string {
  return canonicalJson(genesisSchema.parse(genesis));
}

/** SHA-256 of the body's UTF-8 bytes. */
export function meshIdOf(genesisBody: string): MeshId {
  return createHash("sha256").update(genesisBody, "utf8").digest("hex") as MeshId;
}

function isRange(range: string): boolean {
  const { family, prefix } = parseCidr(range);
  return family === 4 && prefix >= 8 && prefix <= 30;
}
