// Which inner addresses lead to which peer: a member's own, and those of stock clients to the gateway that carries for them now.
import type { TunnelPeer } from "../tunnel.ts";
import type { Core } from "./core.ts";

/** A client came by another gateway. */
export function rerouteClients(core: Core): void {
  routeTo(
    core,
    [...core.links.values()].map(({ peer }) => peer),
  );
}

/** Gives the data plane the addresses of all peers, and of clients with whoever carries for them. A member's own come first, so that no client's takes one of them. */
export function routeTo(core: Core, peers: readonly TunnelPeer[]): void {
  const nids = new Set(peers.map(({ nid }) => nid));
  const carried = core.clients.addresses((nid) => nids.has(nid));
  const own = peers.map((peer) => ({
    nid: peer.nid,
    allowedIps: peer.ctl === undefined ? [] : allowedIps(peer),
    stock: peer.ctl === undefined,
  }));
  const others = own.flatMap(({ nid, stock }) => {
    const allowed = carried.get(nid);
    return allowed === undefined ? [] : [{ nid, allowedIps: allowed, stock }];
  });
  core.plane.setRoutes([...own, ...others]);
}

/** Inner addresses that belong to a peer. */
function allowedIps(peer: TunnelPeer): string[] {
  return [...(peer.ip4 === undefined ? [] : [peer.ip4]), peer.ip6, ...peer.routes];
}
