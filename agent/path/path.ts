// The path state machine of one peer: which direct path is good, when to probe, when to fall back; a pure function.
import { type DirectPath, type Path, pathKey } from "../transport/path.ts";
import { improveInterval, newsInterval, overtakenAfter, pongTimeout, seenLimit } from "./limits.ts";
import { ping, probe } from "./probe.ts";
import { allCandidates, isActive } from "./select.ts";
import type { Direct, PathContext, PathEffect, PathEvent, PathState, PathStep } from "./state.ts";

/** Applies one event. Give a `time` event at least every 200 ms while the peer is active. */
export function stepPath(state: PathState, event: PathEvent, context: PathContext): PathStep {
  const { now } = context;
  switch (event.kind) {
    case "candidates":
      return setCandidates(state, event.source, event.paths, now);
    case "withdrawn":
      return withdraw(state, new Set(event.paths.map(pathKey)), context);
    case "relay":
      return {
        state: { ...state, relay: { ...state.relay, usable: event.usable, online: event.online } },
        effects: [],
      };
    case "active":
      return probe(wake(state, now), context);
    case "sent":
      return probe(wake({ ...state, sentAt: now }, now), context);
    case "heard":
      return heard(state, event.path, event.data, context);
    case "control": {
      const next = { ...state, controlReady: event.ready };
      if (!event.ready) return probe(next, context);
      // A peer can make sessions as often as it likes; that there is one again is no such news.
      return probe(
        state.controlReady ? restartRounds(next, now) : { ...next, round: { attempt: 0, at: now } },
        context,
      );
    }
    case "pong":
      return pong(state, event.transaction, pathKey(event.path), now);
    case "time":
      return isActive(state, now) ? probe(state, context) : { state, effects: [] };
  }
}

/** Traffic after a silence: what was known may have changed, so look again at once. */
function wake(state: PathState, now: number): PathState {
  if (isActive(state, now)) return { ...state, activeAt: now };
  return { ...state, activeAt: now, outstanding: [], round: { attempt: 0, at: now } };
}

function setCandidates(
  state: PathState,
  source: "reported" | "told" | "seen",
  paths: readonly DirectPath[],
  now: number,
): PathStep {
  const known = new Set(allCandidates(state).map(pathKey));
  const next = { ...state, candidates: { ...state.candidates, [source]: paths } };
  const news = paths.some((path) => !known.has(pathKey(path)));
  return { state: news ? restartRounds(next, now) : next, effects: [] };
}

function withdraw(state: PathState, gone: ReadonlySet<string>, context: PathContext): PathStep {
  const kept = (paths: readonly DirectPath[]): readonly DirectPath[] =>
    paths.filter((path) => !gone.has(pathKey(path)));
  const { told, reported, seen } = state.candidates;
  const candidates = { told: kept(told), reported: kept(reported), seen: kept(seen) };
  const outstanding = state.outstanding.filter(({ key }) => !gone.has(key));
  const { direct } = state;
  if (direct.kind === "none" || !gone.has(direct.key)) {
    return { state: { ...state, candidates, outstanding }, effects: [] };
  }
  const left: PathState = { ...state, candidates, outstanding, direct: { kind: "none" } };
  const next = probe({ ...left, round: { attempt: 0, at: context.now } }, context);
  return { state: next.state, effects: [{ kind: "moved", from: direct.key, to: "none" }, ...next.effects] };
}

/** A new series of rounds, now or when the last one is old enough; rounds that come sooner anyway stay. */
function restartRounds(state: PathState, now: number): PathState {
  const at = Math.max(now, state.newsAt + newsInterval);
  return at < state.round.at ? { ...state, round: { attempt: 0, at }, newsAt: at } : state;
}

function heard(state: PathState, path: Path, data: boolean, context: PathContext): PathStep {
  const { now } = context;
  const awake = data ? wake(state, now) : state;
  if (path.kind === "relay") {
    const relayed = { ...awake, relay: { ...awake.relay, heardAt: now } };
    // A copy that came directly first would have been refused as a replay, so this one overtook it or is the only one.
    if (!data || !seemsLeft(relayed, now)) return { state: relayed, effects: [] };
    return probe(suspect(relayed, now), context);
  }
  const key = pathKey(path);
  const { direct, candidates } = awake;
  if (direct.kind === "chosen" && direct.key === key) {
    return { state: { ...awake, directHeardAt: now }, effects: [] };
  }
  // Ways that were named are asked in rounds: both ends may choose one of those, each another.
  if ([...candidates.told, ...candidates.reported].some((one) => pathKey(one) === key)) {
    return { state: awake, effects: [] };
  }
  const known = candidates.seen.some((one) => pathKey(one) === key);
  const seen = known ? candidates.seen : [path, ...candidates.seen].slice(0, seenLimit);
  const added: PathState = { ...awake, candidates: { ...candidates, seen } };
  // A NAT gave the peer another port, or it went elsewhere: whichever of the two answers is where it is.
  const left = data && seemsLeft(added, now);
  if (known && !left) return { state: added, effects: [] };
  const next = left ? suspect(added, now) : added;
  if (!next.controlReady) return { state: { ...next, round: { attempt: 0, at: now } }, effects: [] };
  const asked = left && direct.kind === "chosen" ? ping(next, direct.path, context) : { state: next, effects: [] };
  const pinged = ping(asked.state, path, context);
  return { state: pinged.state, effects: [...asked.effects, ...pinged.effects] };
}

/** New packets come another way and none by the direct path for a while. Once it is suspect, the probes decide. */
function seemsLeft({ direct, directHeardAt }: PathState, now: number): boolean {
  return direct.kind === "chosen" && direct.suspectSince === undefined && now - directHeardAt > overtakenAfter;
}

function suspect(state: PathState, now: number): PathState {
  const { direct } = state;
  return direct.kind === "none" ? state : { ...state, direct: { ...direct, suspectSince: now } };
}

/** Says whether a pong answers a ping that was sent on that path within the last 5 s; any other changes nothing (protocol.md §6c). */
export function awaitsPong(state: PathState, transaction: string, path: Path, now: number): boolean {
  return findPing(state, transaction, pathKey(path), now) !== undefined;
}

function findPing(state: PathState, transaction: string, key: string, now: number) {
  return state.outstanding.find(
    (one) => one.transaction === transaction && one.key === key && now - one.sentAt <= pongTimeout,
  );
}

function pong(state: PathState, transaction: string, key: string, now: number): PathStep {
  const match = findPing(state, transaction, key, now);
  if (match === undefined) return { state, effects: [{ kind: "unmatchedPong" }] };
  const outstanding = state.outstanding.filter((one) => one.key !== key || one.sentAt > match.sentAt);
  const path = allCandidates(state).find((one) => pathKey(one) === key) ?? currentPath(state.direct, key);
  if (path === undefined) return { state: { ...state, outstanding }, effects: [] };
  const roundTrip = now - match.sentAt;
  const { direct } = state;
  const answered: Direct = {
    kind: "chosen",
    path,
    key,
    roundTrip,
    pongAt: now,
    pingAt: match.sentAt,
    suspectSince: undefined,
    renewed: false,
  };
  const same = direct.kind === "chosen" && direct.key === key;
  if (same) {
    const smooth = (direct.roundTrip * 3 + roundTrip) / 4;
    const pingAt = Math.max(direct.pingAt, match.sentAt);
    const chosen = { ...answered, roundTrip: smooth, pingAt };
    return { state: { ...state, direct: chosen, outstanding, directHeardAt: now }, effects: [] };
  }
  if (direct.kind === "chosen" && direct.suspectSince === undefined && !isBetter(answered, direct)) {
    return { state: { ...state, outstanding }, effects: [] };
  }
  const effects: PathEffect[] = [{ kind: "moved", from: direct.kind === "chosen" ? direct.key : "none", to: key }];
  const round = { attempt: 0, at: now + improveInterval };
  return { state: { ...state, direct: answered, outstanding, directHeardAt: now, round }, effects };
}

function currentPath(direct: Direct, key: string): DirectPath | undefined {
  return direct.kind === "chosen" && direct.key === key ? direct.path : undefined;
}

type Chosen = Extract<Direct, { kind: "chosen" }>;

/** By a fifth and half a millisecond at least, so that equal paths do not take turns; a private address counts for a millisecond. */
function isBetter(one: Chosen, other: Chosen): boolean {
  return score(one) < score(other) * 0.8 - 0.5;
}

function score({ path, roundTrip }: Chosen): number {
  const isPrivate = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd])/i.test(path.address);
  return roundTrip + (isPrivate ? 0 : 1);
}
