// Runs path machines: gives them events, sends their probes, tells the data plane where packets go.
import { encodePing } from "../../protocol/ctl/ping.ts";
import { stepPath } from "../path/path.ts";
import { allCandidates, dataPaths, initiationPaths, isActive } from "../path/select.ts";
import type { PathEvent } from "../path/state.ts";
import { usable } from "../session/session.ts";
import { type Path, pathKey } from "../transport/path.ts";
import { type Core, isStock, type Link } from "./core.ts";
import { runSession, sendControl } from "./sessions.ts";

/** One event for the paths of one peer. */
export function runPath(core: Core, link: Link, event: PathEvent): void {
  if (isStock(link)) return;
  const now = core.clock.now();
  const { state, effects } = stepPath(link.path, event, { now, random: core.random });
  link.path = state;
  for (const effect of effects) {
    switch (effect.kind) {
      case "ping":
        sendControl(core, link, encodePing(effect.transaction, 0), [effect.path]);
        break;
      case "renewControl":
        runSession(core, link, "control", { kind: "start", force: true });
        break;
      case "unmatchedPong":
        core.counters.count("control_unmatchedPong");
        break;
      case "moved":
        core.options.log("info", "path moved", { peer: link.peer.name, from: effect.from, to: effect.to });
        break;
    }
  }
  applyPaths(core, link, now);
}

/** Gives up every way that leads into a tunnel by now. */
export function dropInside(core: Core): void {
  for (const link of core.links.values()) {
    const { direct } = link.path;
    const known = [...allCandidates(link.path), ...(direct.kind === "chosen" ? [direct.path] : [])];
    const paths = known.filter(({ address }) => core.inside.has(address));
    if (paths.length > 0) runPath(core, link, { kind: "withdrawn", paths });
  }
}

/** A stock client's datagrams came from there, and answers go there: WireGuard's roaming. No relay leads to one. */
export function roam(core: Core, link: Link, path: Path): void {
  if (path.kind !== "direct" || samePaths([path], link.paths)) return;
  if (link.paths.length > 0) core.options.log("info", "client roamed", { client: link.peer.name, to: pathKey(path) });
  link.paths = [path];
  core.plane.setPaths(link.peer.nid, link.paths);
}

/** Gives time to the paths of active peers, and makes sure they have a control session to probe with. */
export function tickPaths(core: Core, now: number): void {
  for (const link of core.links.values()) {
    if (isStock(link) || !isActive(link.path, now)) continue;
    const ready = usable(link.sessions.control, now);
    if (ready !== link.path.controlReady) runPath(core, link, { kind: "control", ready });
    // Without any way there is nobody to ask, and a Diffie-Hellman every five seconds for each such peer adds up.
    const asks = !ready && initiationPaths(link.path, link.peer.nid, now).length > 0;
    if (asks) runSession(core, link, "control", { kind: "start" });
    runPath(core, link, { kind: "time" });
  }
}

/** Tells the data plane when the ways changed, and sends what waited for the first. */
function applyPaths(core: Core, link: Link, now: number): void {
  const { nid } = link.peer;
  const paths = dataPaths(link.path, nid, now);
  if (!samePaths(paths, link.paths)) {
    link.paths = paths;
    core.plane.setPaths(nid, paths);
  }
  if (paths.length === 0 || link.waiting.length === 0) return;
  const { waiting } = link;
  link.waiting = [];
  for (const packet of waiting) core.plane.sendPacket(nid, packet);
}

function samePaths(left: readonly Path[], right: readonly Path[]): boolean {
  return left.length === right.length && left.every((path, index) => pathKey(path) === pathKey(right[index]!));
}
