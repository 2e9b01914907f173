// The contract between an agent's control side (trust, coordinator, names) and its packet side (sessions, data plane, paths).
import type {
  Ipv4Address,
  Ipv6Address,
  NodeId,
  PresharedKey,
  X25519PrivateKey,
  X25519PublicKey,
} from "../protocol/brand.ts";
import type { PeerStatus, PingReply } from "../protocol/control/agent.ts";
import type { Endpoint } from "../protocol/coordination/messages.ts";

/** A peer as the verified map has it, plus unsigned hints (online, endpoints). */
export interface TunnelPeer {
  readonly nid: NodeId;
  readonly name: string;
  readonly groups: readonly string[];
  readonly x25519: X25519PublicKey;
  /** Absent for a stock WireGuard client that comes to this node: it has no control sessions, and roams as WireGuard does. */
  readonly ctl: X25519PublicKey | undefined;
  readonly ip4: Ipv4Address | undefined;
  readonly ip6: Ipv6Address;
  /** Further CIDRs routed to this peer. */
  readonly routes: readonly string[];
  /** psk2 of data sessions (life.md §3). */
  readonly tunnelPsk: PresharedKey;
  /** pskPair of the newest common generation, psk2 of ctl sessions (protocol.md §6c); absent as `ctl` is. */
  readonly controlPsk: PresharedKey | undefined;
  readonly online: boolean;
  readonly endpoints: readonly Endpoint[];
}

/** A stock WireGuard client, as the verified map has it: reached through one of its gateways, which may be this node. */
export interface TunnelClient {
  readonly nid: NodeId;
  /** Addresses that are its own. */
  readonly addresses: readonly string[];
  /** In the order of its grant. */
  readonly via: readonly NodeId[];
}

/** This node's own side of every tunnel. */
export interface TunnelIdentity {
  readonly nid: NodeId;
  readonly x25519: X25519PrivateKey;
  readonly ctl: X25519PrivateKey;
  readonly ip4: Ipv4Address | undefined;
  readonly ip6: Ipv6Address;
}

/** Where a node remembers how late it has said it is (life.md §8). */
export interface TimestampStore {
  /** 12 bytes TAI64N, as last saved. */
  readonly last: Uint8Array | undefined;
  /** Returns at once; what is saved may lag by `timestampLag`. */
  save(timestamp: Uint8Array): void;
}

export interface TunnelOptions {
  readonly identity: TunnelIdentity;
  readonly interface: string;
  readonly mtu: number;
  readonly udpPort: number;
  /** The mesh's IPv4 range and IPv6 /48; routed to the interface. */
  readonly range: string;
  readonly range6: string;
  readonly log: (level: "debug" | "info" | "warn" | "error", message: string, fields?: Record<string, unknown>) => void;
  /** Sends a sealed datagram through the relay; false = no relay now. Set by the control side. */
  readonly relay: (to: NodeId, datagram: Uint8Array) => boolean;
  /** The last handshake timestamp sent, kept over restarts; absent where nothing is kept. */
  readonly timestamps?: TimestampStore;
  /** The node's own candidate endpoints changed; the control side reports them to the coordinator. */
  readonly onEndpoints: (endpoints: readonly Endpoint[]) => void;
}

/** The packet side of one mesh on this host. */
export interface Tunnel {
  /** Brings interface, addresses, routes and socket up. @throws TunnelMeshError TM_AGENT_… when TUN or port cannot be had */
  start(): Promise<void>;
  /** Takes everything back; leaves the host as it was. */
  stop(): Promise<void>;
  /** The whole lists; differences to the last ones are found inside. Sessions of unchanged peers go on. */
  setPeers(peers: readonly TunnelPeer[], clients: readonly TunnelClient[]): void;
  /** A frame that the relay says is from `from` (a hint until authenticated, protocol.md §6b). */
  receiveRelayed(from: NodeId, datagram: Uint8Array): void;
  /** The relay came or went: paths are looked at again. */
  relayChanged(available: boolean): void;
  peers(): readonly PeerStatus[];
  counters(): Readonly<Record<string, number>>;
  /** What the kernel and OpenSSL take off the packet path, by name: "on", or "off: REASON". */
  offloads(): Readonly<Record<string, string>>;
  /** "portable" or "native"; "none" while it is down. */
  readonly dataPlane: string;
  /** Threads of it that move packets; 0 while it is down. */
  readonly dataPlaneThreads: number;
  ping(nid: NodeId, count: number, signal?: AbortSignal): Promise<PingReply>;
}

/** Made by agent/tunnel/…; a composition root passes it in. */
export type TunnelFactory = (options: TunnelOptions) => Tunnel;
