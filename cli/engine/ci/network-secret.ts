// The network secret as a token of CI carries it: opened here, so that it need not leave the coordinator's host (life.md §1, §3).
import { createHash } from "node:crypto";
import type { MeshId } from "../../../protocol/brand.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { NetworkSecret } from "../../../protocol/host/configuration.ts";
import { unwrapNetworkSecret } from "../../../protocol/trust/wrapped-secret.ts";
import type { CiToken } from "../deploy/ci-token.ts";

/**
 * The content of network-secret.json, byte for byte as the hosts have it.
 * @param held SHA-256 of the coordinator host's file, in hexadecimal digits; undefined: it has none
 * @throws TunnelMeshError TM_CI_TOKEN when the token's is another than the mesh's
 */
export async function openNetworkSecret(
  { token, keys }: Pick<CiToken, "token" | "keys">,
  meshId: MeshId,
  held: string | undefined,
): Promise<string> {
  const generations: { readonly gen: number; readonly secret: string }[] = [];
  for (const wrap of token.wraps) {
    const opened = await unwrapNetworkSecret(keys.wrap.privateKey, meshId, wrap);
    if (opened !== undefined) generations.push(opened);
  }
  const sorted = generations.toSorted((left, right) => left.gen - right.gen);
  const text = `${JSON.stringify({ v: 1, mesh: meshId, generations: sorted } satisfies NetworkSecret)}\n`;
  const digest = createHash("sha256").update(text).digest("hex");
  // Members with another secret than the rest would reach nobody.
  if (sorted.length === 0 || (held !== undefined && held !== digest)) {
    throw new TunnelMeshError("TM_CI_TOKEN", {
      detail: `${keys.tid} holds another network secret than the mesh has now`,
    });
  }
  return text;
}
