// What the parts of a running tunnel share: links to peers, the data plane, the keys of control sessions.
import type { NodeId } from "../../protocol/brand.ts";
import type { KeyPair } from "../../protocol/noise/primitives.ts";
import type { Counters } from "../dataplane/counters.ts";
import type { DataPlane } from "../dataplane/data-plane.ts";
import type { KeyTable } from "../dataplane/keys.ts";
import type { PathState } from "../path/state.ts";
import type { SessionPeer, SessionState } from "../session/state.ts";
import type { SentTimestamps } from "../session/timestamps.ts";
import type { Clock } from "../system/clock.ts";
import type { Path } from "../transport/path.ts";
import type { TunnelOptions, TunnelPeer } from "../tunnel.ts";
import type { ClientTable } from "./clients.ts";
import type { Inside } from "./inside.ts";

export type SessionKind = "tunnel" | "control";

/** Everything about one peer. */
export interface Link {
  peer: TunnelPeer;
  /** Control is undefined for a stock client. */
  readonly parties: Readonly<Record<SessionKind, SessionPeer | undefined>>;
  readonly sessions: Record<SessionKind, SessionState>;
  path: PathState;
  /** Where data goes now, as the data plane was told. */
  paths: readonly Path[];
  /** Packets without any way to the peer yet; the oldest goes first. */
  waiting: Uint8Array[];
  received: number;
  sent: number;
  /** The last round trip measured on any path, milliseconds. */
  roundTrip: number | undefined;
  /** Where this node's datagrams come from, as the peer saw it last: the pair's own STUN (protocol.md §6c). */
  observed: { readonly address: string; readonly port: number } | undefined;
  /** When the control session was last made; one made anew while young means that the peer restarted. */
  controlSince: number | undefined;
  /** When a stock client's session was last made. */
  clientSince: number | undefined;
  /** Last report of traffic to the path machine, which needs no more than a few a second. */
  reported: { sentAt: number; heardAt: number; heardKey: string };
}

/** Whose an index of ours is. */
export interface IndexOwner {
  readonly nid: NodeId;
  readonly kind: SessionKind;
}

export interface Core {
  readonly options: TunnelOptions;
  readonly clock: Clock;
  readonly plane: DataPlane;
  readonly identity: Readonly<Record<SessionKind, KeyPair>>;
  readonly controlKeys: KeyTable;
  readonly links: Map<NodeId, Link>;
  /** Peers by static public key, hexadecimal, per kind. */
  readonly byKey: Readonly<Record<SessionKind, Map<string, NodeId>>>;
  /** Initiations in flight, by their sender index. */
  readonly pending: Map<number, IndexOwner>;
  /** Keys of both kinds, by their local index. */
  readonly indices: Map<number, IndexOwner>;
  /** Stock clients and what is known of where each of them is. */
  readonly clients: ClientTable;
  /** Addresses that are no way to a peer. */
  readonly inside: Inside;
  readonly timestamps: SentTimestamps;
  readonly counters: Counters;
  readonly random: (length: number) => Uint8Array;
  /** A session was made. */
  onEstablished: (link: Link, kind: SessionKind, initiator: boolean) => void;
  relayUsable: boolean;
}

/** A stock WireGuard client of this gateway. */
export function isStock({ parties }: Link): boolean {
  return parties.control === undefined;
}
