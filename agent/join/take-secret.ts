// The network secret of a mesh that this host joins: opened with the token's key, kept beside what is there already (life.md §3).
import type { MeshId, X25519PrivateKey } from "../../protocol/brand.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { NetworkSecret } from "../../protocol/host/configuration.ts";
import type { TokenAdd, Wrap } from "../../protocol/trust/token-entry.ts";
import { unwrapNetworkSecret, wrapNetworkSecret } from "../../protocol/trust/wrapped-secret.ts";
import { readNetworkSecret, writeNetworkSecret } from "../map/network-secret.ts";

/** Generations that a host keeps. */
const generationLimit = 4;

/** @throws TunnelMeshError TM_JOIN_SECRET when the host would have no generation at all */
export async function takeNetworkSecret(
  file: string,
  meshId: MeshId,
  key: X25519PrivateKey,
  { wraps }: TokenAdd,
): Promise<NetworkSecret> {
  const kept = await readNetworkSecret(file, meshId);
  const generations = new Map(kept?.generations.map((one) => [one.gen, one]));
  const before = generations.size;
  for (const wrap of wraps) {
    const opened = await unwrapNetworkSecret(key, meshId, wrap);
    if (opened !== undefined && !generations.has(opened.gen)) generations.set(opened.gen, opened);
  }
  const sorted = [...generations.values()].sort((left, right) => left.gen - right.gen).slice(-generationLimit);
  if (sorted.length === 0) throw new TunnelMeshError("TM_JOIN_SECRET");
  const secret: NetworkSecret = { v: 1, mesh: meshId, generations: sorted };
  if (sorted.length !== before) await writeNetworkSecret(file, secret);
  return secret;
}

/** Every generation of this host, sealed to a token's key; the secret does not leave the host otherwise. */
export async function wrapForToken(file: string, meshId: MeshId, wrapPub: Uint8Array): Promise<readonly Wrap[]> {
  const secret = await readNetworkSecret(file, meshId);
  if (secret === undefined) throw new TunnelMeshError("TM_AGENT_NETWORK_SECRET", { detail: `${file} is missing` });
  const wraps: Wrap[] = [];
  for (const generation of secret.generations) wraps.push(await wrapNetworkSecret(wrapPub, meshId, generation));
  return wraps;
}
