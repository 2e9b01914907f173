// The coordinator's channel key: made at first start, kept as one file that only its user reads.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { type KeyPair, keyPairOf } from "../protocol/noise/primitives.ts";

const keySchema = z.strictObject({ v: z.literal(1), key: z.string().regex(/^[0-9a-f]{64}$/) });

/** Reads the key file, or makes it: {"v":1,"key":HEX}, mode 0600, written atomically and flushed. */
export async function loadChannelKey(file: string): Promise<KeyPair> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return keyPairOf(Buffer.from(keySchema.parse(JSON.parse(text)).key, "hex"));
  const key = randomBytes(32);
  await writeFileAtomic(file, `${JSON.stringify({ v: 1, key: key.toString("hex") })}\n`, { mode: 0o600, fsync: true });
  return keyPairOf(key);
}
