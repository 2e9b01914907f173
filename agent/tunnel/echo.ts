// Pings that a person asked for, over the control session on the path in use.
import { setTimeout as sleep } from "node:timers/promises";
import type { PingReply } from "../../protocol/control/agent.ts";
import { encodePing } from "../../protocol/ctl/ping.ts";
import { initiationPaths } from "../path/select.ts";
import { type Path, pathKey } from "../transport/path.ts";
import type { Core, Link } from "./core.ts";
import { runPath } from "./paths.ts";
import { sendControl } from "./sessions.ts";

/** How long one ping waits for its answer, and the first one for a session and a path. */
const patience = 3_000;
const interval = 200;

/** Pings in flight. */
export class Echoes {
  readonly #waiting = new Map<string, { readonly keys: ReadonlySet<string>; readonly done: () => void }>();

  /** True when the pong was to a ping of ours, sent on that path. */
  answer(transaction: string, path: Path): boolean {
    const echo = this.#waiting.get(transaction);
    if (echo === undefined) return false;
    if (echo.keys.has(pathKey(path))) echo.done();
    return true;
  }

  /** Sends `count` pings, one after the other. */
  async ping(core: Core, link: Link, count: number, signal: AbortSignal | undefined): Promise<PingReply> {
    const roundTrips: (number | null)[] = [];
    for (let sent = 0; sent < count && !signal?.aborted; sent += 1) {
      if (sent > 0) await sleep(interval);
      runPath(core, link, { kind: "active" });
      await ready(core, link, sent === 0 ? patience : interval, signal);
      const roundTrip = await this.#one(core, link);
      if (roundTrip !== null) link.roundTrip = roundTrip;
      roundTrips.push(roundTrip);
    }
    return { path: pathStatus(link), roundTrips };
  }

  async #one(core: Core, link: Link): Promise<number | null> {
    const random = core.random(12);
    const transaction = Buffer.from(random).toString("hex");
    const paths = link.paths.length > 0 ? link.paths : initiationPaths(link.path, link.peer.nid, core.clock.now());
    const start = core.clock.now();
    const answered = new Promise<number | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), patience);
      const done = (): void => {
        clearTimeout(timer);
        resolve(core.clock.now() - start);
      };
      this.#waiting.set(transaction, { keys: new Set(paths.map(pathKey)), done });
    });
    try {
      return sendControl(core, link, encodePing(random, 0), paths) ? await answered : null;
    } finally {
      this.#waiting.delete(transaction);
    }
  }
}

/** The path in use, for people. */
export function pathStatus({ paths }: Link): PingReply["path"] {
  const [path] = paths;
  if (path === undefined) return { kind: "none" };
  return path.kind === "relay" ? { kind: "relay" } : { kind: "direct", address: path.address, port: path.port };
}

async function ready(core: Core, link: Link, limit: number, signal: AbortSignal | undefined): Promise<void> {
  const end = core.clock.now() + limit;
  while (!(link.path.controlReady && link.paths.length > 0) && core.clock.now() < end && !signal?.aborted) {
    await sleep(20);
  }
}
