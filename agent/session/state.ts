// State, events and effects of one session: one peer, one profile. Keys' counters and replay windows live with the packets (protocol.md §6b).
import type { KeyPair } from "../../protocol/noise/primitives.ts";
import type {
  HandshakeFailure,
  PendingInitiation,
  ReceivedInitiation,
  SessionKeys,
} from "../../protocol/wireguard/handshake.ts";
import type { HandshakeProfile } from "../../protocol/wireguard/profile.ts";

/** Who talks with whom, fixed for the life of a session machine. */
export interface SessionPeer {
  readonly profile: HandshakeProfile;
  readonly local: KeyPair;
  readonly remoteStatic: Uint8Array;
  /** 32 bytes. */
  readonly psk: Uint8Array;
  /** Milliseconds of silence after which a keepalive goes out, whatever happened before; absent: none. */
  readonly persistentKeepalive?: number;
}

/** A derived key pair, without its counter. */
export interface Keypair {
  readonly localIndex: number;
  readonly createdAt: number;
  /** This side sent the initiation. */
  readonly initiator: boolean;
}

/** A replaced key that still receives. */
export interface RetiredKey {
  readonly localIndex: number;
  readonly until: number;
}

export type Handshake =
  | { readonly kind: "none" }
  | {
      readonly kind: "initiated";
      readonly pending: PendingInitiation;
      /** When the first initiation of this series went out; reset by a packet that wants to be sent. */
      readonly since: number;
      readonly retransmitAt: number;
    }
  /** Wants to start, but one went out less than 5 s ago. */
  | { readonly kind: "delayed"; readonly at: number; readonly since: number };

export interface SessionState {
  readonly handshake: Handshake;
  readonly previous: Keypair | undefined;
  readonly current: Keypair | undefined;
  /** Responder's, until the first authenticated packet. */
  readonly next: Keypair | undefined;
  /** Oldest first. */
  readonly retired: readonly RetiredKey[];
  readonly staged: readonly Uint8Array[];
  /** Last initiation or response sent; the floor of REKEY_TIMEOUT counts from here. */
  readonly handshakeSentAt: number | undefined;
  readonly initiationReceivedAt: number | undefined;
  /** Greatest TAI64N received, 12 bytes. */
  readonly greatestTimestamp: Uint8Array | undefined;
  /** Last TAI64N sent, 12 bytes; at the start of a session what was sent before it, so that the next one is later. */
  readonly sentTimestamp: Uint8Array | undefined;
  readonly keepaliveAt: number | undefined;
  readonly anotherKeepalive: boolean;
  readonly persistentAt: number | undefined;
  readonly deadPeerAt: number | undefined;
  readonly zeroAt: number | undefined;
  readonly lastMinuteHandshake: boolean;
  readonly cookie: { readonly value: Uint8Array; readonly receivedAt: number } | undefined;
  /** mac1 of the last handshake message sent; a cookie reply is accepted once against it. */
  readonly sentMac1: Uint8Array | undefined;
  readonly establishedAt: number | undefined;
}

export const emptySession: SessionState = {
  handshake: { kind: "none" },
  previous: undefined,
  current: undefined,
  next: undefined,
  retired: [],
  staged: [],
  handshakeSentAt: undefined,
  initiationReceivedAt: undefined,
  greatestTimestamp: undefined,
  sentTimestamp: undefined,
  keepaliveAt: undefined,
  anotherKeepalive: false,
  persistentAt: undefined,
  deadPeerAt: undefined,
  zeroAt: undefined,
  lastMinuteHandshake: false,
  cookie: undefined,
  sentMac1: undefined,
  establishedAt: undefined,
};

export type SessionEvent =
  /** A packet to send for which there is no usable key. */
  | { readonly kind: "stage"; readonly packet: Uint8Array }
  /** A session is wanted now, packet or not; `force` also while a key is good. */
  | { readonly kind: "start"; readonly force?: boolean }
  /** A sealed packet left; `counter` is the one it used. */
  | { readonly kind: "sent"; readonly data: boolean; readonly counter: number }
  /** A packet authenticated under `localIndex` and its counter was new. */
  | { readonly kind: "received"; readonly localIndex: number; readonly data: boolean }
  | { readonly kind: "initiation"; readonly received: ReceivedInitiation }
  /** Message 2, whose receiver index is that of the pending initiation. */
  | { readonly kind: "response"; readonly message: Uint8Array }
  | { readonly kind: "cookieReply"; readonly message: Uint8Array }
  | { readonly kind: "time" };

export type SessionEffect =
  /** Message 1 goes where the peer may be; message 2 back where message 1 came from. */
  | { readonly kind: "sendInitiation"; readonly message: Uint8Array }
  | { readonly kind: "sendResponse"; readonly message: Uint8Array }
  | {
      readonly kind: "installKeys";
      readonly localIndex: number;
      readonly remoteIndex: number;
      readonly keys: SessionKeys;
      readonly expiresAt: number;
    }
  | { readonly kind: "removeKeys"; readonly localIndex: number }
  /** Seal with this key from now on; undefined: with none. */
  | { readonly kind: "selectKeys"; readonly localIndex: number | undefined }
  | { readonly kind: "keepalive" }
  /** Seal and send these, oldest first. */
  | { readonly kind: "transmit"; readonly packets: readonly Uint8Array[] }
  | { readonly kind: "established"; readonly initiator: boolean }
  | { readonly kind: "refused"; readonly reason: SessionRefusal }
  /** Ninety seconds without an answer: what waited was dropped. */
  | { readonly kind: "gaveUp"; readonly dropped: number };

export type SessionRefusal =
  | HandshakeFailure
  | "oldTimestamp"
  | "initiationFlood"
  | "stagedOverflow"
  | "noHandshake"
  | "cookie";

/** What a step takes from outside, so that a step stays pure. */
export interface SessionContext {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Unix milliseconds, for the timestamp of initiations alone. */
  readonly wall: number;
  /** Fresh random bytes. */
  readonly random: (length: number) => Uint8Array;
  /** A u32 that no handshake or key of this node uses. */
  readonly freshIndex: () => number;
}

/** What came of an event. Whoever keeps states calls `eraseReplaced` with the old and the new one. */
export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}
