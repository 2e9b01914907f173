// From the verified view, the hints and the network secret to the list of peers that the tunnel takes.
import type { NodeId, X25519PublicKey } from "../../protocol/brand.ts";
import type { NetworkSecret } from "../../protocol/host/configuration.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { pairSecret, tunnelPsk } from "../../protocol/trust/network-secret.ts";
import type { TunnelPeer } from "../tunnel.ts";
import type { Hint } from "./hints.ts";

export interface PeerSources {
  readonly view: MeshView;
  readonly own: { readonly nid: NodeId; readonly x25519: X25519PublicKey };
  readonly secret: NetworkSecret | undefined;
  readonly hint: (nid: NodeId) => Hint | undefined;
}

/**
 * Every member but this node that is an agent, has signed keys and shares a generation of the network secret; the order is
 * the view's. A pair uses the newest generation that both hold (life.md §3).
 */
export function derivePeers({ view, own, secret, hint }: PeerSources): readonly TunnelPeer[] {
  const peers: TunnelPeer[] = [];
  for (const member of view.members.values()) {
    if (member.nid === own.nid || member.via !== undefined || member.keys === undefined) continue;
    const generation = commonGeneration(secret, member.keys.generation);
    if (generation === undefined) continue;
    const { x25519, ctl } = member.keys;
    const pair = pairSecret(generation.secret, view.meshId, generation.gen, own.x25519, x25519);
    const { online = false, endpoints = [] } = hint(member.nid) ?? {};
    peers.push({
      nid: member.nid,
      name: member.name,
      groups: member.groups,
      x25519,
      ctl,
      ip4: member.ip4,
      ip6: member.ip6,
      routes: member.routes,
      tunnelPsk: tunnelPsk(pair, view.meshId, generation.gen, own.x25519, x25519),
      controlPsk: pair,
      online,
      endpoints,
    });
  }
  return peers;
}

/** The newest generation held here that is not newer than the peer's newest. */
function commonGeneration(
  secret: NetworkSecret | undefined,
  newestOfPeer: number,
): { readonly gen: number; readonly secret: Uint8Array } | undefined {
  const held = secret?.generations.findLast(({ gen }) => gen <= newestOfPeer);
  return held === undefined ? undefined : { gen: held.gen, secret: Buffer.from(held.secret, "hex") };
}
