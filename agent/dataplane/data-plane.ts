// What moves packets: TUN on one side, sealed datagrams on the other. A native twin stands behind the same interface.
import type { NodeId } from "../../protocol/brand.ts";
import type { Path } from "../transport/path.ts";
import type { GateKeys } from "./gate.ts";
import type { InstalledKeys } from "./keys.ts";
import type { PeerRoutes } from "./routing.ts";

/** What the data plane reports; it decides nothing about sessions and paths. */
export interface DataPlaneEvents {
  /** A datagram that is not data of a tunnel session: handshakes and control. What came directly has passed the gate. */
  readonly onDatagram: (datagram: Uint8Array, path: Path) => void;
  /** A packet for a peer that cannot be sealed or has no way; a copy, to keep. */
  readonly onUnsent: (peer: NodeId, packet: Uint8Array) => void;
  /** A packet authenticated and was new; `data` is false for a keepalive. */
  readonly onReceived: (peer: NodeId, localIndex: number, data: boolean, bytes: number, path: Path) => void;
  /** A sealed packet left. */
  readonly onSent: (peer: NodeId, data: boolean, counter: number, bytes: number) => void;
  /** The interface went away. */
  readonly onInterfaceGone: (reason: string) => void;
}

export interface DataPlane {
  readonly kind: "portable" | "native";
  /** How many threads move packets. */
  readonly threads: number;
  /** UDP port in use and whether IPv6 is. */
  readonly socket: { readonly port: number; readonly dualStack: boolean };
  /** For whom handshakes must be made. Until it is told, nothing but tunnel data passes. */
  guard(keys: GateKeys): void;
  /** Addresses, without zone, at which peers are expected: under load they come first. */
  setKnown(addresses: readonly string[]): void;
  setRoutes(peers: readonly PeerRoutes[]): void;
  /** The index to name a session of this peer by, made of a random one: which thread receives from the peer may be in it. */
  indexFor(peer: NodeId, random: number): number;
  installKeys(keys: InstalledKeys): void;
  selectKeys(peer: NodeId, localIndex: number | undefined): void;
  removeKeys(localIndex: number): void;
  /** Where sealed packets of this peer go, each to all of them; none: they come back through `onUnsent`. */
  setPaths(peer: NodeId, paths: readonly Path[]): void;
  /** Seals and sends one inner packet. */
  sendPacket(peer: NodeId, packet: Uint8Array): void;
  sendKeepalive(peer: NodeId): void;
  /** Sends a datagram as it is. False when it was dropped here. */
  sendDatagram(datagram: Uint8Array, path: Path): boolean;
  receiveDatagram(datagram: Uint8Array, path: Path): void;
  /** Refusals and totals by stable name. */
  counters(): Readonly<Record<string, number>>;
  /** What the kernel and OpenSSL take off the packet path, by name: "on", or "off: REASON". Empty where nothing can be. */
  offloads(): Readonly<Record<string, string>>;
  /** Makes the interface again after it went away. @throws TunnelMeshError TM_AGENT_NO_TUN */
  reopenInterface(): Promise<void>;
  close(): Promise<void>;
}
