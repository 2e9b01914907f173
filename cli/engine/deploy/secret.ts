// Where a deploy takes the network secret from: the coordinator's host, else a member that has it, else it is made.
import { makeNetworkSecret, readNetworkSecret } from "../install/network-secret.ts";
import type { PreparedHost } from "./hosts.ts";

/**
 * Gives the secret that all members of `mesh` are to have, in memory only (life.md §1). A coordinator that was lost or moved to a
 * new host takes over what the members hold: another secret would part them.
 */
export async function takeNetworkSecret(
  hub: PreparedHost,
  prepared: readonly PreparedHost[],
  mesh: string,
  signal: AbortSignal,
): Promise<string> {
  const holder = [hub, ...prepared].find(({ facts }) => facts.hasNetworkSecret);
  if (holder === undefined) await makeNetworkSecret(hub.connection, mesh, signal);
  return readNetworkSecret((holder ?? hub).connection, mesh, signal);
}

/** The host holds the same secret as the coordinator's host, so that it need not be fetched. */
export function sharesSecret(host: PreparedHost, hub: PreparedHost): boolean {
  return host.facts.hasNetworkSecret && host.facts.digests.secret === hub.facts.digests.secret;
}
