// Every bound of the coordinator in one value, so that tests and large meshes can choose others.

export interface Limits {
  /** New connections a second and at once, per IPv4 address or IPv6 /64. */
  readonly connectionsPerSecond: number;
  readonly connectionBurst: number;
  /** Connections that have not shown a member's key, per address and altogether. */
  readonly strangersPerAddress: number;
  readonly strangers: number;
  readonly connections: number;
  /** From TCP accept to the first frame that opens, in milliseconds. */
  readonly handshakeMilliseconds: number;
  /** Life of a channel that is no member's, in milliseconds, and what it may submit. */
  readonly guestMilliseconds: number;
  readonly guestSubmits: number;
  readonly guestItems: number;
  /** Proofs of a token and requests for a place on one such channel, and its pings. */
  readonly guestAsks: number;
  readonly guestPingsPerSecond: number;
  readonly guestPingBurst: number;
  /** Messages other than relay frames, per member. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Relay: bits a second from one member, and what waits for one receiver. */
  readonly relayBitsPerSecond: number;
  readonly relayFrames: number;
  readonly relayBytes: number;
  /** Control bytes that wait for one receiver before its channel is closed. */
  readonly controlBytes: number;
  /** A WebSocket takes more only below this many unsent bytes. */
  readonly highWater: number;
  /** Pause between liveness checks of a channel, in milliseconds; one that missed two is closed. */
  readonly livenessMilliseconds: number;
  /** How long an older channel has to show life when another instance of its node comes, in milliseconds. */
  readonly cloneProbeMilliseconds: number;
  /** Channels are renewed after this long, in milliseconds (protocol.md §6). */
  readonly channelMilliseconds: number;
  /** Changes of presence are gathered this long, in milliseconds. */
  readonly presenceMilliseconds: number;
}

export const defaultLimits: Limits = {
  connectionsPerSecond: 20,
  connectionBurst: 100,
  strangersPerAddress: 64,
  strangers: 1024,
  connections: 16_384,
  handshakeMilliseconds: 5000,
  guestMilliseconds: 30_000,
  guestSubmits: 8,
  guestItems: 64,
  guestAsks: 16,
  guestPingsPerSecond: 1,
  guestPingBurst: 10,
  messagesPerSecond: 50,
  messageBurst: 500,
  relayBitsPerSecond: 50_000_000,
  relayFrames: 512,
  relayBytes: 1 << 20,
  controlBytes: 4 << 20,
  highWater: 256 << 10,
  livenessMilliseconds: 15_000,
  cloneProbeMilliseconds: 3000,
  channelMilliseconds: 12 * 3600 * 1000,
  presenceMilliseconds: 50,
};
