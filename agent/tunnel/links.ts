// Keeps one link per peer of the map: new ones start, changed keys start over, missing ones end and are wiped.
import type { NodeId } from "../../protocol/brand.ts";
import { controlProfile, tunnelProfile } from "../../protocol/wireguard/profile.ts";
import { emptyPaths } from "../path/state.ts";
import { emptySession } from "../session/state.ts";
import type { TunnelClient, TunnelPeer } from "../tunnel.ts";
import { directPaths } from "./control.ts";
import type { Core, Link } from "./core.ts";
import { runPath } from "./paths.ts";
import { routeTo } from "./routes.ts";
import { dropSessions } from "./sessions.ts";

const nothing = new Uint8Array(0);

/** Makes the links equal to the list; unchanged peers keep their sessions. */
export function syncLinks(core: Core, peers: readonly TunnelPeer[], clients: readonly TunnelClient[]): void {
  const wanted = new Map<NodeId, TunnelPeer>(peers.map((peer) => [peer.nid, peer]));
  wanted.delete(core.options.identity.nid);
  for (const [nid, link] of core.links) {
    const peer = wanted.get(nid);
    if (peer === undefined || !sameKeys(link.peer, peer)) removeLink(core, link);
  }
  core.clients.set(clients);
  routeTo(core, [...wanted.values()]);
  for (const peer of wanted.values()) {
    const known = core.links.get(peer.nid);
    if (known === undefined) addLink(core, peer);
    else updateLink(core, known, peer);
  }
}

export function removeLink(core: Core, link: Link): void {
  const { nid, x25519, ctl } = link.peer;
  dropSessions(core, link);
  core.plane.setPaths(nid, []);
  core.byKey.tunnel.delete(hex(x25519));
  if (ctl !== undefined) core.byKey.control.delete(hex(ctl));
  core.links.delete(nid);
}

function addLink(core: Core, peer: TunnelPeer): void {
  const { identity } = core;
  const fresh = { ...emptySession, sentTimestamp: core.timestamps.floor };
  const link: Link = {
    peer,
    parties: {
      tunnel: { profile: tunnelProfile, local: identity.tunnel, remoteStatic: peer.x25519, psk: peer.tunnelPsk },
      control:
        peer.ctl === undefined || peer.controlPsk === undefined
          ? undefined
          : { profile: controlProfile, local: identity.control, remoteStatic: peer.ctl, psk: peer.controlPsk },
    },
    sessions: { tunnel: fresh, control: fresh },
    path: emptyPaths(core.clock.now()),
    paths: [],
    waiting: [],
    received: 0,
    sent: 0,
    roundTrip: undefined,
    observed: undefined,
    controlSince: undefined,
    clientSince: undefined,
    reported: { sentAt: 0, heardAt: 0, heardKey: "" },
  };
  core.links.set(peer.nid, link);
  core.byKey.tunnel.set(hex(peer.x25519), peer.nid);
  if (peer.ctl !== undefined) core.byKey.control.set(hex(peer.ctl), peer.nid);
  updateLink(core, link, peer);
}

function updateLink(core: Core, link: Link, peer: TunnelPeer): void {
  const arrived = peer.online && !link.peer.online;
  link.peer = peer;
  if (peer.ctl === undefined) return;
  runPath(core, link, { kind: "candidates", source: "reported", paths: directPaths(core, peer.endpoints) });
  runPath(core, link, { kind: "relay", usable: core.relayUsable, online: peer.online });
  if (arrived) runPath(core, link, { kind: "active" });
}

function sameKeys(one: TunnelPeer, other: TunnelPeer): boolean {
  const fields = ["x25519", "ctl", "tunnelPsk", "controlPsk"] as const;
  return fields.every((field) => Buffer.compare(one[field] ?? nothing, other[field] ?? nothing) === 0);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
