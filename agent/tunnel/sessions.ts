// Runs session machines: gives them events and carries out what they want.
import { initiationPaths } from "../path/select.ts";
import { eraseReplaced } from "../session/erase.ts";
import { stepSession } from "../session/session.ts";
import type { SessionContext, SessionEffect, SessionEvent, SessionState } from "../session/state.ts";
import { nextDeadline } from "../session/timers.ts";
import type { Path } from "../transport/path.ts";
import { type Core, isStock, type Link, type SessionKind } from "./core.ts";

export const sessionKinds = ["tunnel", "control"] as const;

/** One event for one session. `via`: the path an incoming message came by, for the answer. */
export function runSession(core: Core, link: Link, kind: SessionKind, event: SessionEvent, via?: Path): void {
  const before = link.sessions[kind];
  const party = link.parties[kind];
  if (party === undefined) return;
  const { state, effects } = stepSession(party, before, event, contextOf(core, link, kind));
  link.sessions[kind] = state;
  trackPending(core, link, kind, before, state);
  eraseReplaced(before, state);
  if (state.sentTimestamp !== undefined && state.sentTimestamp !== before.sentTimestamp) {
    core.timestamps.sent(state.sentTimestamp, core.clock);
  }
  for (const effect of effects) carryOut(core, link, kind, effect, via);
}

/** Gives time to every session for which something is due. */
export function tickSessions(core: Core, now: number): void {
  for (const link of core.links.values()) {
    for (const kind of sessionKinds) {
      const deadline = nextDeadline(link.sessions[kind]);
      if (deadline !== undefined && deadline <= now) runSession(core, link, kind, { kind: "time" });
    }
  }
}

/** Forgets a peer's sessions and wipes their secrets. */
export function dropSessions(core: Core, link: Link): void {
  for (const kind of sessionKinds) {
    const { previous, current, next, retired, handshake, sentTimestamp } = link.sessions[kind];
    eraseReplaced(link.sessions[kind], undefined);
    if (sentTimestamp !== undefined) core.timestamps.forgotten(sentTimestamp);
    if (handshake.kind === "initiated") core.pending.delete(handshake.pending.senderIndex);
    for (const pair of [previous, current, next, ...retired]) {
      if (pair !== undefined) removeKeys(core, kind, pair.localIndex);
    }
  }
}

/** Seals a control plaintext and sends it on these paths. False when there is no session; one is started then. */
export function sendControl(core: Core, link: Link, plaintext: Uint8Array, paths: readonly Path[]): boolean {
  const sealed = core.controlKeys.seal(link.peer.nid, plaintext, core.clock.now());
  if (sealed === undefined) {
    runSession(core, link, "control", { kind: "start" });
    return false;
  }
  for (const path of paths) core.plane.sendDatagram(sealed.message, path);
  runSession(core, link, "control", { kind: "sent", data: plaintext.length > 0, counter: sealed.counter });
  return true;
}

function contextOf(core: Core, link: Link, kind: SessionKind): SessionContext {
  const { clock, random } = core;
  return { now: clock.now(), wall: clock.wall(), random, freshIndex: () => freshIndex(core, link, kind) };
}

function freshIndex(core: Core, { peer }: Link, kind: SessionKind): number {
  for (;;) {
    const random = new DataView(core.random(4).buffer).getUint32(0, true);
    const index = kind === "tunnel" ? core.plane.indexFor(peer.nid, random) : random;
    if (!core.pending.has(index) && !core.indices.has(index)) return index;
  }
}

function trackPending(core: Core, link: Link, kind: SessionKind, before: SessionState, after: SessionState): void {
  const old = before.handshake.kind === "initiated" ? before.handshake.pending.senderIndex : undefined;
  const now = after.handshake.kind === "initiated" ? after.handshake.pending.senderIndex : undefined;
  if (old === now) return;
  if (old !== undefined) core.pending.delete(old);
  if (now !== undefined) core.pending.set(now, { nid: link.peer.nid, kind });
}

function carryOut(core: Core, link: Link, kind: SessionKind, effect: SessionEffect, via: Path | undefined): void {
  const { nid } = link.peer;
  switch (effect.kind) {
    case "sendInitiation":
      for (const path of waysTo(core, link)) core.plane.sendDatagram(effect.message, path);
      return;
    case "sendResponse":
      if (via !== undefined) core.plane.sendDatagram(effect.message, via);
      return;
    case "installKeys": {
      core.indices.set(effect.localIndex, { nid, kind });
      const { localIndex, remoteIndex, keys, expiresAt } = effect;
      const installed = { peer: nid, localIndex, remoteIndex, keys, expiresAt };
      if (kind === "tunnel") core.plane.installKeys(installed);
      else core.controlKeys.install(installed);
      return;
    }
    case "removeKeys":
      removeKeys(core, kind, effect.localIndex);
      return;
    case "selectKeys":
      if (kind === "tunnel") core.plane.selectKeys(nid, effect.localIndex);
      else core.controlKeys.select(nid, effect.localIndex);
      return;
    case "keepalive":
      if (kind === "tunnel") core.plane.sendKeepalive(nid);
      else sendControl(core, link, new Uint8Array(0), via === undefined ? link.paths : [via]);
      return;
    case "transmit":
      for (const packet of effect.packets) core.plane.sendPacket(nid, packet);
      return;
    case "established":
      core.onEstablished(link, kind, effect.initiator);
      return;
    case "refused":
      core.counters.count(`session_${effect.reason}`);
      return;
    case "gaveUp":
      core.counters.count("session_gaveUp");
      if (effect.dropped > 0) core.counters.count("session_dropped", effect.dropped);
      return;
  }
}

/** A stock client is where it was heard last, as WireGuard has it. */
function waysTo(core: Core, link: Link): readonly Path[] {
  return isStock(link) ? link.paths : initiationPaths(link.path, link.peer.nid, core.clock.now());
}

function removeKeys(core: Core, kind: SessionKind, localIndex: number): void {
  core.indices.delete(localIndex);
  if (kind === "tunnel") core.plane.removeKeys(localIndex);
  else core.controlKeys.remove(localIndex);
}
