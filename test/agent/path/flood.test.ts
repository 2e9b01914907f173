// A member that names new candidates, or makes new sessions, as fast as it can: nobody is pinged more often for it.
import { describe, expect, it } from "vitest";
import { stepPath } from "../../../agent/path/path.ts";
import { emptyPaths, type PathEvent, type PathState } from "../../../agent/path/state.ts";
import type { DirectPath } from "../../../agent/transport/path.ts";

const list = (round: number): DirectPath[] =>
  Array.from({ length: 24 }, (_, index) => ({ kind: "direct", address: `203.0.${round % 256}.${index}`, port: 7 }));

/** Pings sent in ten seconds, with `flood` given every 20 ms. */
function pings(flood: (round: number) => PathEvent): number {
  let state: PathState = emptyPaths(0);
  let sent = 0;
  const give = (event: PathEvent, now: number): void => {
    const step = stepPath(state, event, { now, random: (length) => new Uint8Array(length) });
    state = step.state;
    sent += step.effects.filter(({ kind }) => kind === "ping").length;
  };
  give({ kind: "candidates", source: "told", paths: list(0) }, 0);
  give({ kind: "control", ready: true }, 0);
  for (let now = 20; now <= 10_000; now += 20) {
    give(flood(now / 20), now);
    if (now % 100 === 0) give({ kind: "sent" }, now);
    give({ kind: "time" }, now);
  }
  return sent;
}

describe("a member that floods", () => {
  const calm = pings(() => ({ kind: "time" }));

  it("with lists of candidates causes no more than one more series of rounds in five seconds", () => {
    expect(pings((round) => ({ kind: "candidates", source: "told", paths: list(round) }))).toBeLessThan(3 * calm);
  });

  it("with new sessions causes no more either", () => {
    expect(pings(() => ({ kind: "control", ready: true }))).toBeLessThan(3 * calm);
  });
});
