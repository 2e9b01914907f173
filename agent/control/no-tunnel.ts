// A packet side that moves no packets: for protocol clients without a TUN device (architecture.md §10).
import type { PeerStatus } from "../../protocol/control/agent.ts";
import type { Tunnel, TunnelFactory, TunnelPeer } from "../tunnel.ts";

/** Knows its peers and says so; relayed frames are counted, pings stay unanswered. */
export const createNoTunnel: TunnelFactory = (): Tunnel => {
  let peers: readonly TunnelPeer[] = [];
  const counters = { relayedIgnored: 0 };
  return {
    dataPlane: "none",
    dataPlaneThreads: 0,
    start: async () => undefined,
    stop: async () => {
      peers = [];
    },
    setPeers: (next) => {
      peers = next;
    },
    receiveRelayed: () => {
      counters.relayedIgnored += 1;
    },
    relayChanged: () => undefined,
    peers: () => peers.map(statusOf),
    counters: () => counters,
    offloads: () => ({}),
    ping: async (_nid, count) => ({ path: { kind: "none" }, roundTrips: Array.from({ length: count }, () => null) }),
  };
};

function statusOf(peer: TunnelPeer): PeerStatus {
  return {
    nid: peer.nid,
    name: peer.name,
    ...(peer.ip4 === undefined ? {} : { ip4: peer.ip4 }),
    ip6: peer.ip6,
    groups: [...peer.groups],
    session: "idle",
    path: { kind: "none" },
    online: peer.online,
    received: 0,
    sent: 0,
  };
}
