// The network secret on this host: 0600 in the agent's state, made here or brought by tm over SSH, never printed.
import { randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { type NetworkSecret, networkSecretSchema } from "../../protocol/host/configuration.ts";
import { readIfThere, writeDurably } from "./durable.ts";

/**
 * Reads the secret; undefined where none has arrived yet.
 * @throws TunnelMeshError TM_AGENT_NETWORK_SECRET when the file is damaged or of another mesh; nothing of it is repeated
 */
export async function readNetworkSecret(file: string, meshId: string): Promise<NetworkSecret | undefined> {
  const text = await readIfThere(file, 64 * 1024);
  if (text === undefined) return undefined;
  const secret = parseSecret(text);
  if (secret === undefined) throw new TunnelMeshError("TM_AGENT_NETWORK_SECRET", { detail: file });
  if (secret.mesh !== meshId) {
    throw new TunnelMeshError("TM_AGENT_NETWORK_SECRET", { detail: `${file} belongs to another mesh` });
  }
  const generations = secret.generations.toSorted((left, right) => left.gen - right.gen);
  await chmod(file, 0o600);
  return { ...secret, generations };
}

/** Makes generation 1 where there is none. Says whether it did. @throws as `readNetworkSecret` */
export async function makeNetworkSecret(file: string, meshId: string): Promise<boolean> {
  if ((await readNetworkSecret(file, meshId)) !== undefined) return false;
  const bytes = randomBytes(32);
  const secret: NetworkSecret = { v: 1, mesh: meshId, generations: [{ gen: 1, secret: bytes.toString("hex") }] };
  await writeNetworkSecret(file, secret);
  bytes.fill(0);
  return true;
}

/** Writes it, 0600. */
export async function writeNetworkSecret(file: string, secret: NetworkSecret): Promise<void> {
  await writeDurably(file, `${JSON.stringify(secret)}\n`);
}

/** Newest generation held; 0 = none, as `keys.gen` says it. */
export function newestGeneration(secret: NetworkSecret | undefined): number {
  return secret?.generations.at(-1)?.gen ?? 0;
}

function parseSecret(text: string): NetworkSecret | undefined {
  try {
    const parsed = networkSecretSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
