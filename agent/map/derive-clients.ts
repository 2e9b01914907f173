// From the verified view to stock clients: those that come to this node as peers, and by which gateways all of them are reached.
import type { NodeId, X25519PublicKey } from "../../protocol/brand.ts";
import { clientPsk } from "../../protocol/trust/client-secret.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import type { TunnelClient, TunnelPeer } from "../tunnel.ts";

export interface ClientSources {
  readonly view: Pick<MeshView, "meshId" | "members">;
  readonly own: { readonly nid: NodeId; readonly x25519: X25519PublicKey };
  /** A client's secret, where this node is its gateway. */
  readonly secret: (client: NodeId) => Uint8Array | undefined;
}

/** Clients whose grant names this node, as peers without control sessions. */
export function deriveClientPeers({ view, own, secret }: ClientSources): readonly TunnelPeer[] {
  const peers: TunnelPeer[] = [];
  for (const { nid, name, groups, ip4, ip6, client } of view.members.values()) {
    const bytes = client?.wraps.has(own.nid) === true ? secret(nid) : undefined;
    if (client === undefined || bytes === undefined) continue;
    const { x25519 } = client;
    const tunnelPsk = clientPsk(bytes, view.meshId, x25519, own.x25519);
    const nothing = { ctl: undefined, controlPsk: undefined, routes: [], online: false, endpoints: [] };
    peers.push({ nid, name, groups, x25519, ip4, ip6, tunnelPsk, ...nothing });
  }
  return peers;
}

/** Every client with its gateways. */
export function deriveClients({ members }: Pick<MeshView, "members">): readonly TunnelClient[] {
  const clients: TunnelClient[] = [];
  for (const { nid, ip4, ip6, via, client } of members.values()) {
    if (via === undefined || client === undefined) continue;
    clients.push({ nid, addresses: [...(ip4 === undefined ? [] : [ip4]), ip6], via });
  }
  return clients;
}
