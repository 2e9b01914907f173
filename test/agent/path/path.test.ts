// The path machine in virtual time: relay first, direct once a probe is answered, back when it dies, silence when idle.
import { describe, expect, it } from "vitest";
import { awaitsPong, stepPath } from "../../../agent/path/path.ts";
import { dataPaths, initiationPaths } from "../../../agent/path/select.ts";
import { emptyPaths, type PathEffect, type PathEvent, type PathState } from "../../../agent/path/state.ts";
import { type DirectPath, type Path, pathKey } from "../../../agent/transport/path.ts";
import { parseNodeId } from "../../../protocol/brand.ts";

const nid = parseNodeId("ab".repeat(32));
const near: DirectPath = { kind: "direct", address: "192.168.1.2", port: 51820 };
const far: DirectPath = { kind: "direct", address: "203.0.113.7", port: 51820 };
const relay: Path = { kind: "relay", nid };

/** A peer whose paths answer after a round trip, unless they are dead. */
class World {
  state: PathState = emptyPaths(0);
  now = 0;
  readonly pings: { readonly at: number; readonly key: string }[] = [];
  readonly effects: PathEffect[] = [];
  readonly roundTrips = new Map<string, number>();
  #answers: { readonly at: number; readonly transaction: string; readonly path: DirectPath }[] = [];
  #draws = 0;

  give(event: PathEvent): void {
    const random = (length: number): Uint8Array =>
      new Uint8Array(length).fill(++this.#draws % 256).fill(this.#draws >>> 8, 1);
    const { state, effects } = stepPath(this.state, event, { now: this.now, random });
    this.state = state;
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.kind !== "ping") continue;
      const key = pathKey(effect.path);
      this.pings.push({ at: this.now, key });
      const roundTrip = this.roundTrips.get(key);
      if (roundTrip === undefined) continue;
      const transaction = Buffer.from(effect.transaction).toString("hex");
      this.#answers.push({ at: this.now + roundTrip, transaction, path: effect.path });
    }
  }

  advance(milliseconds: number, each: () => void = () => undefined): void {
    for (const end = this.now + milliseconds; this.now < end; ) {
      this.now += 50;
      const due = this.#answers.filter(({ at }) => at <= this.now);
      this.#answers = this.#answers.filter(({ at }) => at > this.now);
      for (const { transaction, path } of due) this.give({ kind: "pong", transaction, path });
      if (this.now % 100 === 0) this.give({ kind: "time" });
      each();
    }
  }

  answers(path: DirectPath, roundTrip: number): this {
    this.roundTrips.set(pathKey(path), roundTrip);
    return this;
  }

  ready(candidates: readonly DirectPath[], relayUsable = true): this {
    this.give({ kind: "relay", usable: relayUsable, online: relayUsable });
    this.give({ kind: "candidates", source: "reported", paths: candidates });
    this.give({ kind: "control", ready: true });
    return this;
  }

  get paths(): readonly Path[] {
    return dataPaths(this.state, nid, this.now);
  }
}

describe("data", () => {
  it("goes by the relay at once, and directly as soon as a probe is answered", () => {
    const world = new World().answers(near, 40).ready([near]);
    expect(world.paths).toEqual([relay]);
    world.advance(100);
    expect(world.paths).toEqual([near]);
  });

  it("has nowhere to go without relay and answer, while initiations try every candidate", () => {
    const world = new World().ready([near, far], false);
    world.advance(1_000);
    expect(world.paths).toEqual([]);
    expect(initiationPaths(world.state, nid, world.now)).toEqual([near, far]);
  });

  it("is on the relay again within 3 s of the direct path's death, and stays without loss when it returns", () => {
    const world = new World().answers(near, 40).ready([near]);
    const talk = (): void => world.give({ kind: "sent" });
    world.advance(5_000, talk);
    expect(world.paths).toEqual([near]);
    world.roundTrips.delete(pathKey(near));
    const died = world.now;
    while (!world.paths.includes(relay) && !world.paths.some((path) => path.kind === "relay")) world.advance(50, talk);
    expect(world.now - died).toBeLessThan(3_000);
    expect(world.paths).toContainEqual(near);
    world.advance(15_000, talk);
    expect(world.paths).toEqual([relay]);
    expect(world.effects.some(({ kind }) => kind === "renewControl")).toBe(true);
    world.roundTrips.set(pathKey(near), 40);
    world.advance(16_000, talk);
    expect(world.paths).toEqual([near]);
  });

  it("is doubled when a peer wakes up after a silence, until the path answers again", () => {
    const world = new World().answers(near, 40).ready([near]);
    world.advance(60_000);
    world.give({ kind: "sent" });
    expect(world.paths).toEqual([near, relay]);
    world.advance(100);
    expect(world.paths).toEqual([near]);
  });
});

describe("probes", () => {
  it("cease for an idle peer", () => {
    const world = new World().ready([near, far]);
    world.roundTrips.set(pathKey(near), 10);
    world.advance(50_000);
    const before = world.pings.length;
    world.advance(600_000);
    expect(world.pings.length).toBe(before);
  });

  it("beat every 3 s on a path that carries traffic both ways", () => {
    const world = new World().answers(near, 10).ready([near]);
    world.advance(1_000);
    const before = world.pings.length;
    world.advance(12_000, () => {
      world.give({ kind: "sent" });
      world.give({ kind: "heard", path: near, data: true });
    });
    expect(world.pings.length - before).toBe(4);
  });

  it("go to the source of a packet that nobody reported, and make it a path", () => {
    const world = new World().ready([]);
    world.roundTrips.set(pathKey(far), 20);
    world.give({ kind: "heard", path: far, data: false });
    expect(world.paths).toEqual([relay]);
    world.advance(100);
    expect(world.paths).toEqual([far]);
  });

  it("keep four unreported sources at most", () => {
    const world = new World().ready([]);
    for (let host = 1; host < 40; host += 1) {
      world.give({ kind: "heard", path: { ...far, address: `203.0.113.${host}` }, data: false });
    }
    expect(world.state.candidates.seen).toHaveLength(4);
    expect(world.pings.length).toBe(39);
  });
});

describe("a peer whose NAT gives it another port", () => {
  const moved: DirectPath = { ...far, port: 40_000 };
  const talking = (): World => {
    const world = new World().answers(far, 40).ready([far], false);
    world.give({ kind: "heard", path: far, data: true });
    world.advance(5_000, () => world.give({ kind: "heard", path: far, data: true }));
    expect(world.paths).toEqual([far]);
    return world;
  };

  it("is followed within 400 ms and a round trip, though nothing is sent to it", () => {
    const world = talking();
    world.roundTrips.delete(pathKey(far));
    world.answers(moved, 40);
    const start = world.now;
    world.advance(2_000, () => {
      if (world.state.direct.kind === "chosen" && world.state.direct.key === pathKey(far)) {
        expect(world.now - start).toBeLessThan(500);
      }
      world.give({ kind: "heard", path: moved, data: true });
    });
    expect(world.paths).toEqual([moved]);
  });

  it("is not followed where the old port answers, and the new one is not asked without end", () => {
    const world = talking().answers(moved, 60);
    const before = world.pings.length;
    world.advance(20_000, () => world.give({ kind: "heard", path: moved, data: true }));
    expect(world.paths).toEqual([far]);
    expect(world.pings.slice(before).filter(({ key }) => key === pathKey(moved)).length).toBeLessThan(80);
  });

  it("is not followed to where only copies come from", () => {
    const world = talking();
    world.advance(10_000, () => {
      world.give({ kind: "heard", path: far, data: true });
      world.give({ kind: "heard", path: moved, data: true });
    });
    expect(world.pings.filter(({ key }) => key === pathKey(moved))).toHaveLength(1);
    expect(world.paths).toEqual([far]);
  });
});

describe("a pong", () => {
  const ask = (): { world: World; transaction: string } => {
    const world = new World().ready([near, far]);
    return { world, transaction: world.state.outstanding[0]!.transaction };
  };

  it("on another path than its ping changes nothing", () => {
    const { world, transaction } = ask();
    world.give({ kind: "pong", transaction, path: far });
    expect(world.state.direct.kind).toBe("none");
    expect(world.effects.at(-1)).toEqual({ kind: "unmatchedPong" });
  });

  it("after 5 s changes nothing", () => {
    const { world, transaction } = ask();
    world.now = 5_001;
    world.give({ kind: "pong", transaction, path: near });
    expect(world.state.direct.kind).toBe("none");
  });

  it("of a clearly faster path moves the data there, a slightly faster one does not", () => {
    const world = new World().answers(far, 100).ready([far]);
    world.advance(200);
    world.roundTrips.set(pathKey(near), 100);
    world.give({ kind: "candidates", source: "told", paths: [near, far] });
    world.advance(300);
    expect(world.paths).toEqual([far]);
    world.roundTrips.set(pathKey(near), 50);
    world.advance(40_000, () => world.give({ kind: "sent" }));
    expect(world.paths).toEqual([near]);
  });
});

describe("a relay", () => {
  it("is left out when it goes away, and used for a peer heard there though presence says offline", () => {
    const world = new World().ready([]);
    world.give({ kind: "relay", usable: false, online: true });
    expect(world.paths).toEqual([]);
    world.give({ kind: "relay", usable: true, online: false });
    expect(world.paths).toEqual([]);
    world.give({ kind: "heard", path: relay, data: true });
    expect(world.paths).toEqual([relay]);
  });
});

describe("a pong that is awaited", () => {
  it("is so only on the path of its ping, and for 5 s", () => {
    const transaction = "0a".repeat(12);
    const state = { ...emptyPaths(0), outstanding: [{ transaction, key: pathKey(near), sentAt: 1_000 }] };
    expect(awaitsPong(state, transaction, near, 6_000)).toBe(true);
    expect(awaitsPong(state, transaction, near, 6_001)).toBe(false);
    expect(awaitsPong(state, transaction, far, 2_000)).toBe(false);
    expect(awaitsPong(state, transaction, relay, 2_000)).toBe(false);
    expect(awaitsPong(state, "0b".repeat(12), near, 2_000)).toBe(false);
  });
});
