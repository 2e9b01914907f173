// What time alone does to a session: retransmission, giving up, keepalives, a silent peer, expiry and erasure.
import { initiate } from "./handshake.ts";
import { keepaliveTimeout, rejectAfterTime, rekeyAttemptTime, zeroKeysAfter } from "./limits.ts";
import type { Keypair, SessionContext, SessionEffect, SessionPeer, SessionState, SessionStep } from "./state.ts";

/** Applies every timer that is due. */
export function advance(peer: SessionPeer, state: SessionState, context: SessionContext): SessionStep {
  const { now } = context;
  const effects: SessionEffect[] = [];
  let next = expireKeys(state, now, effects);
  if (next.zeroAt !== undefined && now >= next.zeroAt) next = zero(next, effects);
  if (next.keepaliveAt !== undefined && now >= next.keepaliveAt) {
    if (next.current !== undefined) effects.push({ kind: "keepalive" });
    const again = next.anotherKeepalive ? now + keepaliveTimeout : undefined;
    next = { ...next, keepaliveAt: again, anotherKeepalive: false };
  }
  const { handshake } = next;
  const due =
    (handshake.kind === "initiated" && now >= handshake.retransmitAt) ||
    (handshake.kind === "delayed" && now >= handshake.at);
  if (due && now - handshake.since >= rekeyAttemptTime) {
    next = giveUp(next, now, effects);
  } else if (due || (next.deadPeerAt !== undefined && now >= next.deadPeerAt)) {
    const started = initiate(peer, { ...next, deadPeerAt: undefined }, context, due);
    effects.push(...started.effects);
    next = started.state;
  }
  return { state: next, effects };
}

/** When `advance` has something to do next; undefined: never, unless something else happens. */
export function nextDeadline(state: SessionState): number | undefined {
  const { handshake } = state;
  const times = [state.keepaliveAt, state.deadPeerAt, state.zeroAt];
  if (handshake.kind === "initiated") times.push(handshake.retransmitAt);
  if (handshake.kind === "delayed") times.push(handshake.at);
  for (const pair of [state.previous, state.current, state.next]) {
    if (pair !== undefined) times.push(pair.createdAt + rejectAfterTime);
  }
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function expireKeys(state: SessionState, now: number, effects: SessionEffect[]): SessionState {
  const expired = (pair: Keypair | undefined): pair is Keypair =>
    pair !== undefined && now - pair.createdAt >= rejectAfterTime;
  if (![state.previous, state.current, state.next].some(expired)) return state;
  const keep = (pair: Keypair | undefined): Keypair | undefined => {
    if (!expired(pair)) return pair;
    effects.push({ kind: "removeKeys", localIndex: pair.localIndex });
    return undefined;
  };
  if (expired(state.current)) effects.push({ kind: "selectKeys", localIndex: undefined });
  return { ...state, previous: keep(state.previous), current: keep(state.current), next: keep(state.next) };
}

/** Nothing was derived for 540 s: no secret of this session stays in memory. */
function zero(state: SessionState, effects: SessionEffect[]): SessionState {
  for (const pair of [state.previous, state.current, state.next]) {
    if (pair !== undefined) effects.push({ kind: "removeKeys", localIndex: pair.localIndex });
  }
  effects.push({ kind: "selectKeys", localIndex: undefined });
  return {
    ...state,
    handshake: { kind: "none" },
    previous: undefined,
    current: undefined,
    next: undefined,
    staged: [],
    zeroAt: undefined,
    keepaliveAt: undefined,
    deadPeerAt: undefined,
    cookie: undefined,
  };
}

function giveUp(state: SessionState, now: number, effects: SessionEffect[]): SessionState {
  effects.push({ kind: "gaveUp", dropped: state.staged.length });
  const zeroAt = state.zeroAt ?? now + zeroKeysAfter;
  return { ...state, handshake: { kind: "none" }, staged: [], keepaliveAt: undefined, deadPeerAt: undefined, zeroAt };
}
