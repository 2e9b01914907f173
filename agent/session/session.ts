// The session state machine: WireGuard's handshakes, key slots and timers for one peer and one profile, as a pure function.
import { consumeCookie, initiate, readInitiation, readResponse } from "./handshake.ts";
import { jitter } from "./jitter.ts";
import { packetReceived, packetSent } from "./keepalive.ts";
import { rejectAfterTime, rekeyAfterMessages, rekeyAfterReceive, rekeyAfterTime, stagedLimit } from "./limits.ts";
import { retire } from "./retire.ts";
import type { SessionContext, SessionEffect, SessionEvent, SessionPeer, SessionState, SessionStep } from "./state.ts";
import { advance } from "./timers.ts";

/** One event at one instant. Timers that are due by `now` must have been given as a `time` event, in any granularity. */
export function stepSession(
  peer: SessionPeer,
  state: SessionState,
  event: SessionEvent,
  context: SessionContext,
): SessionStep {
  switch (event.kind) {
    case "stage":
      return stage(peer, state, event.packet, context);
    case "start":
      return !event.force && usable(state, context.now)
        ? same(state)
        : initiate(peer, restart(state, context), context);
    case "sent":
      return noteSent(peer, state, event.data, event.counter, context);
    case "received":
      return noteReceived(peer, state, event.localIndex, event.data, context);
    case "initiation":
      return readInitiation(peer, state, event.received, context);
    case "response":
      return readResponse(peer, state, event.message, context);
    case "cookieReply":
      return consumeCookie(peer, state, event.message, context);
    case "time":
      return advance(peer, state, context);
  }
}

/** Whether packets can be sealed now. */
export function usable(state: SessionState, now: number): boolean {
  return state.current !== undefined && now - state.current.createdAt < rejectAfterTime;
}

function same(state: SessionState): SessionStep {
  return { state, effects: [] };
}

/** A wish to send counts as a new series of attempts. */
function restart(state: SessionState, { now }: SessionContext): SessionState {
  const { handshake } = state;
  return handshake.kind === "none" ? state : { ...state, handshake: { ...handshake, since: now } };
}

function stage(peer: SessionPeer, state: SessionState, packet: Uint8Array, context: SessionContext): SessionStep {
  if (usable(state, context.now)) return { state, effects: [{ kind: "transmit", packets: [packet] }] };
  const full = state.staged.length >= stagedLimit;
  const staged = [...(full ? state.staged.slice(1) : state.staged), packet];
  const next = initiate(peer, restart({ ...state, staged }, context), context);
  const lost: SessionEffect[] = full ? [{ kind: "refused", reason: "stagedOverflow" }] : [];
  return { state: next.state, effects: [...lost, ...next.effects] };
}

function noteSent(
  peer: SessionPeer,
  state: SessionState,
  data: boolean,
  counter: number,
  context: SessionContext,
): SessionStep {
  const { now } = context;
  const { current } = state;
  const next = packetSent(peer, state, data, now, () => jitter(context));
  const old = current?.initiator === true && now - current.createdAt >= rekeyAfterTime;
  return old || counter >= rekeyAfterMessages ? initiate(peer, next, context) : same(next);
}

function noteReceived(
  peer: SessionPeer,
  state: SessionState,
  localIndex: number,
  data: boolean,
  context: SessionContext,
): SessionStep {
  const { now } = context;
  const confirmed = confirm(state, localIndex, now);
  const next = packetReceived(peer, confirmed.state, data, now);
  const { current } = next;
  const lastMinute =
    current?.initiator === true && !next.lastMinuteHandshake && now - current.createdAt >= rekeyAfterReceive;
  if (!lastMinute) return { state: next, effects: confirmed.effects };
  const started = initiate(peer, { ...next, lastMinuteHandshake: true }, context);
  return { state: started.state, effects: [...confirmed.effects, ...started.effects] };
}

/** The first packet under the responder's new key proves that the initiator has it: next → current → previous. */
function confirm(state: SessionState, localIndex: number, now: number): SessionStep {
  if (state.next?.localIndex !== localIndex) return same(state);
  const { retired, effects: removed } = retire(state.retired, [state.previous], now);
  const effects: SessionEffect[] = [...removed];
  effects.push({ kind: "selectKeys", localIndex }, { kind: "established", initiator: false });
  if (state.staged.length > 0) effects.push({ kind: "transmit", packets: state.staged });
  const moved = { previous: state.current, current: state.next, next: undefined, retired, staged: [] };
  const done = { handshake: { kind: "none" }, establishedAt: now, lastMinuteHandshake: false } as const;
  return { state: { ...state, ...moved, ...done }, effects };
}
