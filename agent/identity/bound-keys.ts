// Random tunnel and control keys of a node whose SSH key cannot be mapped; the SSH key signs for them (protocol.md §3).
import { generateKeyPairSync } from "node:crypto";
import { z } from "zod";
import type { X25519PrivateKey, X25519PublicKey } from "../../protocol/brand.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { publicKeyOf } from "../../protocol/noise/primitives.ts";
import type { X25519Pair } from "../../protocol/trust/tunnel-keys.ts";
import { readIfThere, writeDurably } from "../map/durable.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const fileSchema = z.strictObject({ v: z.literal(1), nid: hex32, x25519: hex32, ctl: hex32 });

/**
 * Reads the keys bound to `nid`, or makes them (0600).
 * @throws TunnelMeshError TM_AGENT_IDENTITY when the file is damaged or of another node; nothing of it is repeated
 */
export async function boundKeys(
  file: string,
  nid: string,
): Promise<{ readonly x25519: X25519Pair; readonly ctl: X25519Pair }> {
  const text = await readIfThere(file, 4096);
  if (text !== undefined) {
    const parsed = fileSchema.safeParse(parseJson(text));
    if (!parsed.success || parsed.data.nid !== nid) throw new TunnelMeshError("TM_AGENT_IDENTITY", { detail: file });
    return { x25519: pairOf(parsed.data.x25519), ctl: pairOf(parsed.data.ctl) };
  }
  const made = { v: 1, nid, x25519: randomScalar(), ctl: randomScalar() };
  await writeDurably(file, `${JSON.stringify(made)}\n`);
  return { x25519: pairOf(made.x25519), ctl: pairOf(made.ctl) };
}

function randomScalar(): string {
  const { privateKey } = generateKeyPairSync("x25519");
  return privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32).toString("hex");
}

function pairOf(hex: string): X25519Pair {
  const privateKey = Uint8Array.from(Buffer.from(hex, "hex")) as X25519PrivateKey;
  return { privateKey, publicKey: publicKeyOf(privateKey) as X25519PublicKey };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
