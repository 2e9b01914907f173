// The WireGuard handshake, both roles, as functions over the Noise engine: all randomness and time come in as arguments.
import {
  eraseHandshake,
  type HandshakeRefusal,
  type HandshakeState,
  handshakeKeys,
  readMessage,
  startHandshake,
  withPsks,
  writeMessage,
} from "../noise/handshake.ts";
import { patternOf } from "../noise/patterns.ts";
import type { KeyPair } from "../noise/primitives.ts";
import { decodeInitiation, encodeInitiation } from "./initiation.ts";
import { appendMacs, mac1Of, verifyMac1 } from "./macs.ts";
import { type HandshakeProfile, patternName } from "./profile.ts";
import { decodeResponse, encodeResponse } from "./response.ts";
import { timestampLength } from "./tai64n.ts";

/** Keys of one session, 32 bytes each; counters start at 0. */
export interface SessionKeys {
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

/** An initiation that was sent and not answered yet. */
export interface PendingInitiation {
  readonly state: HandshakeState;
  readonly senderIndex: number;
  /** To accept a cookie reply against. */
  readonly mac1: Uint8Array;
}

/** An initiation that authenticated: who it is from is known, the psk is not mixed in yet. */
export interface ReceivedInitiation {
  readonly remoteStatic: Uint8Array;
  /** 12 bytes TAI64N; must be greater than the greatest of this peer so far. */
  readonly timestamp: Uint8Array;
  /** The index the sender wants the answer and its data addressed to. */
  readonly senderIndex: number;
  readonly state: HandshakeState;
}

/** malformed: type or length. mac1: not made for this key. index: an answer to another initiation. */
export type HandshakeFailure = HandshakeRefusal | "malformed" | "mac1" | "index";
export interface HandshakeFailed {
  readonly ok: false;
  readonly reason: HandshakeFailure;
}

export interface InitiationInput {
  readonly local: KeyPair;
  readonly remoteStatic: Uint8Array;
  /** 32 fresh random bytes. */
  readonly ephemeral: Uint8Array;
  /** 12 bytes TAI64N, greater than any sent before. */
  readonly timestamp: Uint8Array;
  /** u32, unique among this node's handshakes and sessions. */
  readonly senderIndex: number;
  readonly cookie?: Uint8Array | undefined;
}

/** Message 1 and what to keep until message 2. Refuses a remote key of low order. */
export function createInitiation(
  profile: HandshakeProfile,
  input: InitiationInput,
): { readonly ok: true; readonly message: Uint8Array; readonly pending: PendingInitiation } | HandshakeFailed {
  const { local, remoteStatic, senderIndex } = input;
  const pattern = patternOf(patternName);
  const start = startHandshake({ pattern, role: "initiator", prologue: profile.prologue, local, remoteStatic });
  const written = writeMessage(start, input.timestamp, input.ephemeral);
  if (!written.ok) return written;
  const head = encodeInitiation(profile.types.initiation, senderIndex, written.message);
  const message = appendMacs(profile, remoteStatic, head, input.cookie);
  return { ok: true, message, pending: { state: written.state, senderIndex, mac1: mac1Of(message).slice() } };
}

/** Reads message 1: mac1 before any Diffie-Hellman, and nothing is committed. Timestamp and peer are the caller's to judge. */
export function consumeInitiation(
  profile: HandshakeProfile,
  local: KeyPair,
  message: Uint8Array,
): { readonly ok: true; readonly received: ReceivedInitiation } | HandshakeFailed {
  const initiation = decodeInitiation(profile.types.initiation, message);
  if (initiation === undefined) return fail("malformed");
  if (!verifyMac1(profile, local.publicKey, message)) return fail("mac1");
  const pattern = patternOf(patternName);
  const start = startHandshake({ pattern, role: "responder", prologue: profile.prologue, local });
  const read = readMessage(start, initiation.noise);
  if (!read.ok) return read;
  const remoteStatic = read.state.remoteStatic;
  if (remoteStatic === undefined || read.payload.length !== timestampLength) return fail("malformed");
  const { senderIndex } = initiation;
  return { ok: true, received: { remoteStatic, timestamp: read.payload, senderIndex, state: read.state } };
}

export interface ResponseInput {
  /** 32 fresh random bytes. */
  readonly ephemeral: Uint8Array;
  /** 32 bytes; zeros where a peer has none. */
  readonly psk: Uint8Array;
  /** u32, unique among this node's handshakes and sessions. */
  readonly senderIndex: number;
  readonly cookie?: Uint8Array | undefined;
}

/** Message 2 and the session's keys; what is kept of message 1 is erased. The responder may not send before it has received with them (protocol.md §1.2). */
export function createResponse(
  profile: HandshakeProfile,
  received: ReceivedInitiation,
  input: ResponseInput,
): { readonly ok: true; readonly message: Uint8Array; readonly keys: SessionKeys } | HandshakeFailed {
  const written = writeMessage(withPsks(received.state, [input.psk]), new Uint8Array(0), input.ephemeral);
  if (!written.ok) return written;
  const { types } = profile;
  const head = encodeResponse(types.response, input.senderIndex, received.senderIndex, written.message);
  const message = appendMacs(profile, received.remoteStatic, head, input.cookie);
  const keys = sessionKeys(written.state);
  eraseHandshake(received.state);
  return { ok: true, message, keys };
}

/** Reads message 2, and erases `pending` once it is spent. A failure leaves it: a forged answer does not end a handshake. */
export function consumeResponse(
  profile: HandshakeProfile,
  pending: PendingInitiation,
  local: KeyPair,
  psk: Uint8Array,
  message: Uint8Array,
): { readonly ok: true; readonly keys: SessionKeys; readonly remoteIndex: number } | HandshakeFailed {
  const response = decodeResponse(profile.types.response, message);
  if (response === undefined) return fail("malformed");
  if (response.receiverIndex !== pending.senderIndex) return fail("index");
  if (!verifyMac1(profile, local.publicKey, message)) return fail("mac1");
  const read = readMessage(withPsks(pending.state, [psk]), response.noise);
  if (!read.ok) return read;
  const keys = sessionKeys(read.state);
  eraseHandshake(pending.state);
  return { ok: true, keys, remoteIndex: response.senderIndex };
}

function sessionKeys(state: HandshakeState): SessionKeys {
  const { send, receive } = handshakeKeys(state);
  eraseHandshake(state);
  return { send, receive };
}

function fail(reason: HandshakeFailure): HandshakeFailed {
  return { ok: false, reason };
}
