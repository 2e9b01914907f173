// From the verified view, the hints and the network secret to the list of peers that the tunnel takes.
import type { MeshId, NodeId, X25519PublicKey } from "../../protocol/brand.ts";
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

type Derive = (sources: PeerSources) => readonly TunnelPeer[];
type Secrets = Pick<TunnelPeer, "tunnelPsk" | "controlPsk">;

/**
 * Makes a function that gives every member but this node that is an agent, has signed keys and shares a generation of the
 * network secret; the order is the view's. A pair uses the newest generation that both hold (life.md §3). It remembers the
 * secrets of the pairs it gave last: presence changes often, keys do not.
 */
export function peerDeriver(): Derive {
  let remembered = new Map<string, Secrets>();
  return ({ view, own, secret, hint }) => {
    const present = new Map<string, Secrets>();
    const peers: TunnelPeer[] = [];
    for (const member of view.members.values()) {
      if (member.nid === own.nid || member.via !== undefined || member.keys === undefined) continue;
      const generation = commonGeneration(secret, member.keys.generation);
      if (generation === undefined) continue;
      const { x25519, ctl } = member.keys;
      const pair = `${Buffer.from(x25519).toString("base64")} ${generation.gen}`;
      const secrets = remembered.get(pair) ?? secretsOf(view.meshId, generation, own.x25519, x25519);
      present.set(pair, secrets);
      const { online = false, endpoints = [] } = hint(member.nid) ?? {};
      const { nid, name, groups, ip4, ip6, routes } = member;
      peers.push({ nid, name, groups, x25519, ctl, ip4, ip6, routes, ...secrets, online, endpoints });
    }
    remembered = present;
    return peers;
  };
}

interface Generation {
  readonly gen: number;
  /** 64 hexadecimal digits. */
  readonly secret: string;
}

/** The newest generation held here that is not newer than the peer's newest. */
function commonGeneration(secret: NetworkSecret | undefined, newestOfPeer: number): Generation | undefined {
  return secret?.generations.findLast(({ gen }) => gen <= newestOfPeer);
}

function secretsOf(meshId: MeshId, { gen, secret }: Generation, own: X25519PublicKey, peer: X25519PublicKey): Secrets {
  const controlPsk = pairSecret(Buffer.from(secret, "hex"), meshId, gen, own, peer);
  return { controlPsk, tunnelPsk: tunnelPsk(controlPsk, meshId, gen, own, peer) };
}
