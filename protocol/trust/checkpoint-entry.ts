// The log entry that lists token-signed grants which an admin has seen in force (life.md §2, §4).
import { z } from "zod";
import { hex32 } from "./fields.ts";

/** Grants that one entry may add, and may let go of: more are written as several entries. */
export const checkpointDeltaLimit = 200;

const hashes = z
  .array(hex32)
  .max(checkpointDeltaLimit)
  .readonly()
  .refine((list) => new Set(list).size === list.length, "a grant is listed twice");

/**
 * `checkpoint`: SHA-256 hashes of grant bodies. The set after an entry is the set before it, less `remove`, plus `add`; `root`
 * is the Merkle root of that set (`merkleRoot`). The order of `add` is the order in which the admin saw them: it settles
 * conflicts between grants of tokens.
 */
export const checkpointSchema = z.strictObject({
  type: z.literal("checkpoint"),
  root: hex32,
  delta: z.strictObject({ add: hashes, remove: hashes }),
});
export type CheckpointEntry = z.infer<typeof checkpointSchema>;
