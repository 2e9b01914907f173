// The two kinds of handshake on a tunnel's socket: WireGuard's own, and the peer control that shares its layouts.

const text = new TextEncoder();

/** First bytes of a message, as the u32 little-endian that is compared whole: reserved bytes must be zero. */
export interface MessageTypes {
  readonly initiation: number;
  readonly response: number;
  readonly cookieReply: number;
  readonly data: number;
}

/** What separates one kind of session from another; layouts, sizes and timers are the same. */
export interface HandshakeProfile {
  readonly name: "tunnel" | "control";
  readonly types: MessageTypes;
  /** Noise prologue; WireGuard calls it IDENTIFIER. */
  readonly prologue: Uint8Array;
  /** 8 bytes each, hashed with a public key to give the keys of mac1 and of cookie replies. */
  readonly macLabel: Uint8Array;
  readonly cookieLabel: Uint8Array;
}

/** WireGuard as published: types 1 to 4 (protocol.md §1.1). */
export const tunnelProfile: HandshakeProfile = {
  name: "tunnel",
  types: { initiation: 1, response: 2, cookieReply: 3, data: 4 },
  prologue: text.encode("WireGuard v1 zx2c4 Jason@zx2c4.com"),
  macLabel: text.encode("mac1----"),
  cookieLabel: text.encode("cookie--"),
};

/** Peer control (protocol.md §6c): types 0xE1 to 0xE4, which stock peers drop. */
export const controlProfile: HandshakeProfile = {
  name: "control",
  types: { initiation: 0xe1, response: 0xe2, cookieReply: 0xe3, data: 0xe4 },
  prologue: text.encode("tm ctl v1"),
  macLabel: text.encode("mac1-tmc"),
  cookieLabel: text.encode("cookie--"),
};

/** The pattern of both. */
export const patternName = "IKpsk2";
