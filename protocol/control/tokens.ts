// What agent and coordinator say about join tokens: computed from the verified view alone.
import { z } from "zod";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

export const tokenStatusSchema = z.strictObject({
  tid: z.string().regex(/^[0-9a-f]{16}$/),
  state: z.enum(["usable", "expired", "used-up", "revoked"]),
  /** Unix seconds. */
  expires: z.int(),
  uses: z.int(),
  usesLeft: z.int(),
  groups: z.array(z.string()),
  names: z.array(z.string()).optional(),
  ip4s: z.array(z.string()).optional(),
  ephemeral: z.boolean(),
  ci: z.boolean(),
  /** Nodes that joined by it, in order of first sight. `member` is false for one that was revoked or let go since. */
  used: z.array(z.strictObject({ nid: hex32, name: z.string(), seen: z.int(), member: z.boolean() })),
});
export type TokenStatus = z.infer<typeof tokenStatusSchema>;
