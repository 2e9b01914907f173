// When probes go out: heartbeats on the path in use, quick ones while it is suspect, rounds over all candidates.
import { type DirectPath, pathKey } from "../transport/path.ts";
import {
  heartbeatInterval,
  improveInterval,
  outstandingLimit,
  pongTimeout,
  probeDelays,
  renewAfter,
  silenceBeforePing,
  suspectAfter,
  suspectInterval,
  suspectTime,
} from "./limits.ts";
import { allCandidates, isActive, isTrusted } from "./select.ts";
import type { PathContext, PathEffect, PathState, PathStep } from "./state.ts";

/** Sends what is due. Without a control session there is nothing to ask with. */
export function probe(state: PathState, context: PathContext): PathStep {
  const { now } = context;
  if (!state.controlReady || !isActive(state, now)) return { state, effects: [] };
  const fresh = state.outstanding.filter((one) => now - one.sentAt <= pongTimeout);
  const first = probeDirect({ ...state, outstanding: fresh }, context);
  const second = probeRound(first.state, context);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

/** One ping on one path. */
export function ping(state: PathState, path: DirectPath, context: PathContext): PathStep {
  const { now } = context;
  const transaction = context.random(12);
  const key = pathKey(path);
  const sent = { transaction: Buffer.from(transaction).toString("hex"), key, sentAt: now };
  const { direct } = state;
  return {
    state: {
      ...state,
      outstanding: [...state.outstanding.slice(1 - outstandingLimit), sent],
      direct: direct.kind === "chosen" && direct.key === key ? { ...direct, pingAt: now } : direct,
    },
    effects: [{ kind: "ping", path, transaction }],
  };
}

function probeDirect(state: PathState, context: PathContext): PathStep {
  const { direct } = state;
  const { now } = context;
  if (direct.kind === "none") return { state, effects: [] };
  const waiting = state.outstanding.find((one) => one.key === direct.key && one.sentAt > direct.pongAt);
  const patience = Math.max(suspectAfter, 4 * direct.roundTrip);
  const unanswered = waiting !== undefined && now - waiting.sentAt > patience;
  const suspectSince = direct.suspectSince ?? (unanswered ? now : undefined);
  if (suspectSince !== undefined && now - suspectSince > suspectTime) {
    const moved: PathEffect = { kind: "moved", from: direct.key, to: "none" };
    return { state: { ...state, direct: { kind: "none" }, round: { attempt: 0, at: now } }, effects: [moved] };
  }
  const renew = suspectSince !== undefined && !direct.renewed && now - suspectSince > renewAfter;
  const effects: PathEffect[] = renew ? [{ kind: "renewControl" }] : [];
  const fresh = suspectSince !== undefined && direct.suspectSince === undefined;
  const next: PathState = {
    ...state,
    direct: { ...direct, suspectSince, renewed: direct.renewed || renew },
    round: fresh ? { attempt: 0, at: now } : state.round,
  };
  const silent = state.sentAt - state.directHeardAt > silenceBeforePing;
  const interval = suspectSince !== undefined ? suspectInterval : silent ? silenceBeforePing : heartbeatInterval;
  if (now - direct.pingAt < interval) return { state: next, effects };
  const pinged = ping(next, direct.path, context);
  return { state: pinged.state, effects: [...effects, ...pinged.effects] };
}

function probeRound(state: PathState, context: PathContext): PathStep {
  const { now } = context;
  if (now < state.round.at) return { state, effects: [] };
  const trusted = isTrusted(state, now);
  const { attempt } = state.round;
  const delay = trusted ? improveInterval : (probeDelays[attempt] ?? probeDelays[probeDelays.length - 1]!);
  let next: PathState = { ...state, round: { attempt: trusted ? 0 : attempt + 1, at: now + delay } };
  const effects: PathEffect[] = [];
  const inUse = state.direct.kind === "chosen" ? state.direct.key : undefined;
  for (const path of allCandidates(state)) {
    if (pathKey(path) === inUse) continue;
    const pinged = ping(next, path, context);
    next = pinged.state;
    effects.push(...pinged.effects);
  }
  return { state: next, effects };
}
