// What time alone does to a session: retransmission, giving up, keepalives, a silent peer, expiry and erasure.
import { initiate } from "./handshake.ts";
import { rejectAfterTime, rekeyAttemptTime, zeroKeysAfter } from "./limits.ts";
import { endRetirement } from "./retire.ts";
import type { Keypair, SessionContext, SessionEffect, SessionPeer, SessionState, SessionStep } from "./state.ts";

/** Applies every timer that is due. */
export function advance(peer: SessionPeer, state: SessionState, context: SessionContext): SessionStep {
  const { now } = context;
  const effects: SessionEffect[] = [];
  let next = endRetired(expireKeys(state, now, effects), now, effects);
  if (next.zeroAt !== undefined && now >= next.zeroAt) next = zero(next, effects);
  const reached = (at: number | undefined): boolean => at !== undefined && now >= at;
  if (reached(next.keepaliveAt) || reached(next.persistentAt)) {
    const keepaliveAt = reached(next.keepaliveAt) ? undefined : next.keepaliveAt;
    const { persistentKeepalive } = peer;
    const persistentAt = persistentKeepalive === undefined ? undefined : now + persistentKeepalive;
    next = speak(peer, { ...next, keepaliveAt, persistentAt }, context, effects);
  }
  const { handshake } = next;
  const due =
    (handshake.kind === "initiated" && now >= handshake.retransmitAt) ||
    (handshake.kind === "delayed" && now >= handshake.at);
  if (due && now - handshake.since >= rekeyAttemptTime) {
    next = giveUp(next, now, effects);
  } else if (due || reached(next.deadPeerAt)) {
    const started = initiate(peer, { ...next, deadPeerAt: undefined }, context, due);
    effects.push(...started.effects);
    next = started.state;
  }
  return { state: next, effects };
}

/** A keepalive, or where there is no key to seal it with a handshake, which says the same. */
function speak(
  peer: SessionPeer,
  state: SessionState,
  context: SessionContext,
  effects: SessionEffect[],
): SessionState {
  if (state.current !== undefined) {
    effects.push({ kind: "keepalive" });
    return state;
  }
  const started = initiate(peer, state, context);
  effects.push(...started.effects);
  return started.state;
}

/** When `advance` has something to do next; undefined: never, unless something else happens. */
export function nextDeadline(state: SessionState): number | undefined {
  const { handshake } = state;
  const times = [state.keepaliveAt, state.persistentAt, state.deadPeerAt, state.zeroAt];
  if (handshake.kind === "initiated") times.push(handshake.retransmitAt);
  if (handshake.kind === "delayed") times.push(handshake.at);
  for (const pair of [state.previous, state.current, state.next]) {
    if (pair !== undefined) times.push(pair.createdAt + rejectAfterTime);
  }
  times.push(...state.retired.map(({ until }) => until));
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

function endRetired(state: SessionState, now: number, effects: SessionEffect[]): SessionState {
  const { retired, effects: removed } = endRetirement(state.retired, now);
  effects.push(...removed);
  return removed.length === 0 ? state : { ...state, retired };
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
    anotherKeepalive: false,
    deadPeerAt: undefined,
    lastMinuteHandshake: false,
    cookie: undefined,
  };
}

function giveUp(state: SessionState, now: number, effects: SessionEffect[]): SessionState {
  effects.push({ kind: "gaveUp", dropped: state.staged.length });
  const zeroAt = state.zeroAt ?? now + zeroKeysAfter;
  return { ...state, handshake: { kind: "none" }, staged: [], keepaliveAt: undefined, deadPeerAt: undefined, zeroAt };
}
