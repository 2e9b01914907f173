// A signed item: the bytes that were signed, verbatim, and the signatures over them (life.md §1).
import { z } from "zod";
import { signedItemLimit } from "../constants.ts";

/** One line of a mesh file and the unit that agents, coordinator and tm exchange. */
export const signedItemSchema = z.strictObject({
  /** Canonical JSON (RFC 8785) of a genesis, a log entry, a grant or keys: the signed bytes, verbatim. */
  body: z.string().min(2).max(signedItemLimit),
  /** Armored SSHSIG signatures over the UTF-8 bytes of `body`. */
  sigs: z.array(z.string().max(8192)).min(1).max(16),
});
export type SignedItem = z.infer<typeof signedItemSchema>;
