// Where a deploy takes the network secret from: CI's token, else the coordinator's host or a member that has it, else it is made.
import type { MeshId } from "../../../protocol/brand.ts";
import { openNetworkSecret } from "../ci/network-secret.ts";
import { makeNetworkSecret, readNetworkSecret } from "../install/network-secret.ts";
import type { PreparedHost } from "./hosts.ts";
import type { Run } from "./run.ts";

/**
 * Gives the secret that all members are to have, in memory only (life.md §1). A coordinator that was lost or moved to a new host
 * takes over what the members hold: another secret would part them. A token of CI carries it: then no host is asked for it.
 */
export async function takeNetworkSecret(
  run: Pick<Run, "ci" | "model" | "context">,
  meshId: MeshId,
  hub: PreparedHost,
  prepared: readonly PreparedHost[],
): Promise<string> {
  const { signal } = run.context;
  const mesh = run.model.name;
  const holder = [hub, ...prepared].find(({ facts }) => facts.hasNetworkSecret);
  const ci = await run.ci();
  if (ci !== undefined) return openNetworkSecret(ci, meshId, holder?.facts.digests.secret);
  if (holder === undefined) await makeNetworkSecret(hub.connection, mesh, signal);
  return readNetworkSecret((holder ?? hub).connection, mesh, signal);
}

/** The host holds the same secret as the coordinator's host, so that it need not be fetched. */
export function sharesSecret(host: PreparedHost, hub: PreparedHost): boolean {
  return host.facts.hasNetworkSecret && host.facts.digests.secret === hub.facts.digests.secret;
}
