// install.json: what the last completed install left on a host.
import { createHash } from "node:crypto";
import { z } from "zod";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const installRecordSchema = z.object({
  v: z.literal(1),
  mesh: z.string(),
  meshId: digest,
  /** VERSION-HASH */
  release: z.string(),
  /** Digests of what each service was last started with. */
  services: z.object({ agent: digest.optional(), coordinator: digest.optional() }),
});
export type InstallRecord = z.infer<typeof installRecordSchema>;

/** SHA-256 in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
