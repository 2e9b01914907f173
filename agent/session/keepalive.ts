// Which timers an authenticated packet sets and clears (WireGuard paper §6.5; protocol.md §1.2).
import { deadPeerTimeout, keepaliveTimeout } from "./limits.ts";
import type { SessionPeer, SessionState } from "./state.ts";

/** Anything that authenticates, either way, puts the persistent keepalive off. */
function traversed(peer: SessionPeer, state: SessionState, now: number): SessionState {
  const { persistentKeepalive } = peer;
  return persistentKeepalive === undefined ? state : { ...state, persistentAt: now + persistentKeepalive };
}

/** An initiation or response left: it says as much as a keepalive. */
export function handshakeSent(peer: SessionPeer, state: SessionState, now: number): SessionState {
  return traversed(peer, { ...state, handshakeSentAt: now, keepaliveAt: undefined, anotherKeepalive: false }, now);
}

/** A handshake message of the peer authenticated: it is not dead. */
export function handshakeReceived(peer: SessionPeer, state: SessionState, now: number): SessionState {
  return traversed(peer, { ...state, deadPeerAt: undefined }, now);
}

/**
 * A packet left under the current key. Data waits for an answer from now on; a keepalive is followed by one more when
 * data had come in a second time before it.
 * @param jitter milliseconds to wait longer for the answer, asked only where the wait begins
 */
export function packetSent(
  peer: SessionPeer,
  state: SessionState,
  data: boolean,
  now: number,
  jitter: () => number,
): SessionState {
  const waits = data && state.deadPeerAt === undefined;
  const next = {
    ...state,
    keepaliveAt: !data && state.anotherKeepalive ? now + keepaliveTimeout : undefined,
    anotherKeepalive: false,
    deadPeerAt: waits ? now + deadPeerTimeout + jitter() : state.deadPeerAt,
  };
  return traversed(peer, next, now);
}

/** A packet authenticated: the peer lives, and data wants an answer within ten seconds. */
export function packetReceived(peer: SessionPeer, state: SessionState, data: boolean, now: number): SessionState {
  const next = traversed(peer, { ...state, deadPeerAt: undefined }, now);
  if (!data) return next;
  return next.keepaliveAt === undefined
    ? { ...next, keepaliveAt: now + keepaliveTimeout }
    : { ...next, anotherKeepalive: true };
}
