// Which ways carry what, read from the state of a peer's paths.
import type { NodeId } from "../../protocol/brand.ts";
import { type DirectPath, type Path, pathKey } from "../transport/path.ts";
import { activeTime, candidateLimit, relayHeardTime, trustTime } from "./limits.ts";
import type { PathState } from "./state.ts";

/** Every candidate once: what the peer told first, then reports, then sources seen. */
export function allCandidates({ candidates }: PathState): DirectPath[] {
  const unique = new Map<string, DirectPath>();
  for (const path of [...candidates.told, ...candidates.reported, ...candidates.seen]) {
    const key = pathKey(path);
    if (!unique.has(key)) unique.set(key, path);
  }
  return [...unique.values()].slice(0, candidateLimit);
}

export function isActive(state: PathState, now: number): boolean {
  return now - state.activeAt < activeTime;
}

/** The direct path answers, so that it carries data alone. */
export function isTrusted({ direct }: PathState, now: number): boolean {
  return direct.kind === "chosen" && direct.suspectSince === undefined && now - direct.pongAt < trustTime;
}

/** Where data goes, to each of them; empty: nowhere yet. */
export function dataPaths(state: PathState, nid: NodeId, now: number): readonly Path[] {
  const { direct } = state;
  const relay: readonly Path[] = relayWorks(state, now) ? [{ kind: "relay", nid }] : [];
  if (direct.kind === "none") return relay;
  return isTrusted(state, now) ? [direct.path] : [direct.path, ...relay];
}

/** Where an initiation goes: every way there may be, unless one is known to work. */
export function initiationPaths(state: PathState, nid: NodeId, now: number): readonly Path[] {
  const { direct } = state;
  if (direct.kind === "chosen" && isTrusted(state, now)) return [direct.path];
  const chosen = direct.kind === "chosen" ? [direct.path] : [];
  const others = allCandidates(state).filter((path) => chosen.every((one) => pathKey(one) !== pathKey(path)));
  const relay: readonly Path[] = state.relay.usable ? [{ kind: "relay", nid }] : [];
  return [...relay, ...chosen, ...others];
}

function relayWorks({ relay }: PathState, now: number): boolean {
  const heard = relay.heardAt !== undefined && now - relay.heardAt < relayHeardTime;
  return relay.usable && (relay.online || heard);
}
