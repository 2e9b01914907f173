// The handshake of the coordinator channel (protocol.md §6): Noise IK over a WebSocket, one message per frame.
//
//   first frame   0 version 00 · 1 Noise message 1 (ephemeral 32, static 32+16, payload n+16) · then MAC 16
//   second frame  Noise message 2 (ephemeral 32, payload n+16)
//
// TLS below it is for reachability and not trusted. Version 00 has no post-quantum part.
import {
  eraseHandshake,
  type HandshakeRefusal,
  type HandshakeState,
  handshakeKeys,
  readMessage,
  startHandshake,
  writeMessage,
} from "../noise/handshake.ts";
import { patternOf } from "../noise/patterns.ts";
import { blake2s, equalBytes, type KeyPair, mac16 } from "../noise/primitives.ts";
import { ChannelTransport } from "./transport.ts";

/** The version byte, also part of the prologue. */
export const channelVersion = 0;
/** The largest first or second frame: an unknown sender gets no more than this read. */
export const handshakeFrameLimit = 4096;

const macLength = 16;
/** Version, ephemeral, static, empty payload and MAC. */
const shortestFirstFrame = 1 + 32 + 48 + 16 + macLength;
const text = new TextEncoder();
const none = new Uint8Array(0);

/** version: not one we speak. mac: not made for this coordinator. size: too short or too long. */
export type ChannelRefusal = HandshakeRefusal | "version" | "mac" | "size";
export interface ChannelRefused {
  readonly ok: false;
  readonly reason: ChannelRefusal;
}

/** A first frame that was sent and not answered yet. */
export interface PendingChannel {
  readonly state: HandshakeState;
}

export interface ChannelStart {
  /** The agent's control key (`keys.ctl`). */
  readonly local: KeyPair;
  readonly coordinatorKey: Uint8Array;
  /** 32 bytes. */
  readonly meshId: Uint8Array;
  /** 32 fresh random bytes, zeroed once the channel is open. */
  readonly ephemeral: Uint8Array;
  /** Replayable by whoever recorded it: the coordinator acts on nothing before the first transport frame. */
  readonly payload?: Uint8Array;
}

/** The first frame. @throws RangeError for keys or a mesh id of the wrong size, or a payload too large */
export function startChannel(
  start: ChannelStart,
): { readonly ok: true; readonly message: Uint8Array; readonly pending: PendingChannel } | ChannelRefused {
  const { local, coordinatorKey, meshId, ephemeral, payload = none } = start;
  assertPayload(payload, shortestFirstFrame);
  const prologue = prologueOf(meshId);
  const pattern = patternOf("IK");
  const state = startHandshake({ pattern, role: "initiator", prologue, local, remoteStatic: coordinatorKey });
  const written = writeMessage(state, payload, ephemeral);
  if (!written.ok) return written;
  const covered = Buffer.concat([Uint8Array.of(channelVersion), written.message]);
  const message = new Uint8Array(Buffer.concat([covered, mac16(macKey(coordinatorKey), covered)]));
  return { ok: true, message, pending: { state: written.state } };
}

export interface ChannelAccept {
  readonly local: KeyPair;
  /** 32 bytes. */
  readonly meshId: Uint8Array;
  /** The first frame as it came. */
  readonly message: Uint8Array;
  /** 32 fresh random bytes, zeroed afterwards. */
  readonly ephemeral: Uint8Array;
  /** Sent along with the answer, readable by the agent alone. */
  readonly replyPayload?: Uint8Array;
}

export interface AcceptedChannel {
  readonly ok: true;
  readonly reply: Uint8Array;
  /** The agent's control key: proven only by its first transport frame. */
  readonly remoteStatic: Uint8Array;
  readonly payload: Uint8Array;
  readonly transport: ChannelTransport;
}

/** Reads the first frame: size, version and MAC before any Diffie-Hellman. */
export function acceptChannel(accept: ChannelAccept): AcceptedChannel | ChannelRefused {
  const { local, meshId, message, ephemeral, replyPayload = none } = accept;
  assertPayload(replyPayload, 48);
  if (message.length < shortestFirstFrame || message.length > handshakeFrameLimit) return refuse("size");
  if (message[0] !== channelVersion) return refuse("version");
  const covered = message.subarray(0, message.length - macLength);
  if (!equalBytes(mac16(macKey(local.publicKey), covered), message.subarray(covered.length))) return refuse("mac");
  const pattern = patternOf("IK");
  const state = startHandshake({ pattern, role: "responder", prologue: prologueOf(meshId), local });
  const read = readMessage(state, covered.subarray(1));
  if (!read.ok) return read;
  const written = writeMessage(read.state, replyPayload, ephemeral);
  eraseHandshake(read.state);
  if (!written.ok) return written;
  const transport = new ChannelTransport(handshakeKeys(written.state));
  eraseHandshake(written.state);
  const remoteStatic = read.state.remoteStatic;
  if (remoteStatic === undefined) return refuse("out-of-turn");
  return { ok: true, reply: written.message, remoteStatic, payload: read.payload, transport };
}

/** Reads the second frame. After a refusal the WebSocket is to be closed, and `pending` abandoned; after success it is spent, and erased. */
export function finishChannel(
  pending: PendingChannel,
  reply: Uint8Array,
): { readonly ok: true; readonly payload: Uint8Array; readonly transport: ChannelTransport } | ChannelRefused {
  if (reply.length > handshakeFrameLimit) return refuse("size");
  const read = readMessage(pending.state, reply);
  if (!read.ok) return read;
  const transport = new ChannelTransport(handshakeKeys(read.state));
  eraseHandshake(read.state);
  eraseHandshake(pending.state);
  return { ok: true, payload: read.payload, transport };
}

/** Erases a first frame's secrets: nobody will answer it any more. */
export function abandonChannel(pending: PendingChannel): void {
  eraseHandshake(pending.state);
}

function prologueOf(meshId: Uint8Array): Uint8Array {
  if (meshId.length !== 32) throw new RangeError(`a mesh id is 32 bytes, not ${meshId.length}`);
  return new Uint8Array(Buffer.concat([text.encode("tm-coord-v1"), Uint8Array.of(channelVersion), meshId]));
}

function macKey(coordinatorKey: Uint8Array): Uint8Array {
  return blake2s(text.encode("mac1-tm-coord-v1"), coordinatorKey);
}

function assertPayload(payload: Uint8Array, overhead: number): void {
  const limit = handshakeFrameLimit - overhead;
  if (payload.length > limit) throw new RangeError(`a handshake payload has at most ${limit} bytes`);
}

function refuse(reason: ChannelRefusal): ChannelRefused {
  return { ok: false, reason };
}
