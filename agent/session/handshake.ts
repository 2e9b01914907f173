// The handshake steps of a session: starting one, answering one, finishing one.

import { consumeCookieReply, cookieLifetime } from "../../protocol/wireguard/cookie.ts";
import {
  consumeResponse,
  createInitiation,
  createResponse,
  type ReceivedInitiation,
  type SessionKeys,
} from "../../protocol/wireguard/handshake.ts";
import { mac1Of } from "../../protocol/wireguard/macs.ts";
import { compareTimestamps, encodeTimestamp, laterTimestamp } from "../../protocol/wireguard/tai64n.ts";
import { jitter } from "./jitter.ts";
import { handshakeReceived, handshakeSent } from "./keepalive.ts";
import { initiationSpacing, rejectAfterTime, rekeyTimeout, zeroKeysAfter } from "./limits.ts";
import { retire } from "./retire.ts";
import type {
  Keypair,
  SessionContext,
  SessionEffect,
  SessionPeer,
  SessionRefusal,
  SessionState,
  SessionStep,
} from "./state.ts";

/** Cookies are given up a little before their maker does (COOKIE_SECRET_LATENCY). */
const cookieLatency = 5_000;

/** Sends message 1, or waits until 5 s after the last handshake message. `retransmit`: the timer of an old one is due. */
export function initiate(
  peer: SessionPeer,
  state: SessionState,
  context: SessionContext,
  retransmit = false,
): SessionStep {
  const { now } = context;
  const { handshake } = state;
  if (handshake.kind === "initiated" && !retransmit) return { state, effects: [] };
  const since = handshake.kind === "none" ? now : handshake.since;
  const floor = state.handshakeSentAt === undefined ? now : state.handshakeSentAt + rekeyTimeout;
  if (now < floor) return { state: { ...state, handshake: { kind: "delayed", at: floor, since } }, effects: [] };
  const timestamp = laterTimestamp(state.sentTimestamp, encodeTimestamp(context.wall));
  const created = createInitiation(peer.profile, {
    local: peer.local,
    remoteStatic: peer.remoteStatic,
    ephemeral: context.random(32),
    timestamp,
    senderIndex: context.freshIndex(),
    cookie: freshCookie(state, now),
  });
  if (!created.ok) return refuse(state, created.reason);
  const { message, pending } = created;
  return {
    state: {
      ...handshakeSent(peer, state, now),
      handshake: { kind: "initiated", pending, since, retransmitAt: now + rekeyTimeout + jitter(context) },
      sentTimestamp: timestamp,
      sentMac1: pending.mac1,
    },
    effects: [{ kind: "sendInitiation", message }],
  };
}

/** Answers message 1, once its timestamp proves that it is new; the new key waits in `next`. */
export function readInitiation(
  peer: SessionPeer,
  state: SessionState,
  received: ReceivedInitiation,
  context: SessionContext,
): SessionStep {
  const { now } = context;
  const { greatestTimestamp, initiationReceivedAt } = state;
  if (greatestTimestamp !== undefined && compareTimestamps(received.timestamp, greatestTimestamp) <= 0) {
    return refuse(state, "oldTimestamp");
  }
  if (initiationReceivedAt !== undefined && now - initiationReceivedAt < initiationSpacing) {
    return refuse(state, "initiationFlood");
  }
  const senderIndex = context.freshIndex();
  const { psk } = peer;
  const cookie = freshCookie(state, now);
  const created = createResponse(peer.profile, received, { ephemeral: context.random(32), psk, senderIndex, cookie });
  if (!created.ok) return refuse(state, created.reason);
  const { retired, effects: removed } = retire(state.retired, [state.previous, state.next], now);
  const effects: SessionEffect[] = [...removed];
  effects.push(install(senderIndex, received.senderIndex, created.keys, now));
  effects.push({ kind: "sendResponse", message: created.message });
  return {
    state: {
      ...handshakeSent(peer, handshakeReceived(peer, state, now), now),
      previous: undefined,
      retired,
      next: { localIndex: senderIndex, createdAt: now, initiator: false },
      greatestTimestamp: received.timestamp.slice(),
      initiationReceivedAt: now,
      sentMac1: mac1Of(created.message).slice(),
      zeroAt: now + zeroKeysAfter,
    },
    effects,
  };
}

/** Finishes the handshake: the new key is used at once, by what waits or by a keepalive. */
export function readResponse(
  peer: SessionPeer,
  state: SessionState,
  message: Uint8Array,
  { now }: SessionContext,
): SessionStep {
  const { handshake } = state;
  if (handshake.kind !== "initiated") return refuse(state, "noHandshake");
  const consumed = consumeResponse(peer.profile, handshake.pending, peer.local, peer.psk, message);
  if (!consumed.ok) return refuse(state, consumed.reason);
  const { senderIndex } = handshake.pending;
  const previous = state.next ?? state.current;
  const replaced = [state.previous, state.next === undefined ? undefined : state.current];
  const { retired, effects: removed } = retire(state.retired, replaced, now);
  const effects: SessionEffect[] = [...removed];
  effects.push(install(senderIndex, consumed.remoteIndex, consumed.keys, now));
  effects.push({ kind: "selectKeys", localIndex: senderIndex }, { kind: "established", initiator: true });
  if (state.staged.length > 0) effects.push({ kind: "transmit", packets: state.staged });
  else effects.push({ kind: "keepalive" });
  const current: Keypair = { localIndex: senderIndex, createdAt: now, initiator: true };
  return {
    state: {
      ...handshakeReceived(peer, state, now),
      handshake: { kind: "none" },
      previous,
      current,
      next: undefined,
      retired,
      staged: [],
      lastMinuteHandshake: false,
      zeroAt: now + zeroKeysAfter,
      establishedAt: now,
    },
    effects,
  };
}

/** Keeps the cookie of message 3 for the next handshake message. */
export function consumeCookie(
  peer: SessionPeer,
  state: SessionState,
  message: Uint8Array,
  { now }: SessionContext,
): SessionStep {
  if (state.sentMac1 === undefined) return refuse(state, "cookie");
  const value = consumeCookieReply(peer.profile, peer.remoteStatic, state.sentMac1, message);
  if (value === undefined) return refuse(state, "cookie");
  return { state: { ...state, cookie: { value, receivedAt: now }, sentMac1: undefined }, effects: [] };
}

function install(localIndex: number, remoteIndex: number, keys: SessionKeys, now: number): SessionEffect {
  return { kind: "installKeys", localIndex, remoteIndex, keys, expiresAt: now + rejectAfterTime };
}

function refuse(state: SessionState, reason: SessionRefusal): SessionStep {
  return { state, effects: [{ kind: "refused", reason }] };
}

function freshCookie({ cookie }: SessionState, now: number): Uint8Array | undefined {
  return cookie !== undefined && now - cookie.receivedAt < cookieLifetime - cookieLatency ? cookie.value : undefined;
}
