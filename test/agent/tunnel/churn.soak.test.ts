// Churn, compressed: peers come, make sessions, roam, fall silent, expire and go, thousands of times; what is kept stays the same.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { growthOf } from "../../bench/growth.ts";
import { World } from "./world.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const rounds = 12;
const livesPerRound = 250;

function heapMiB(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

describe("thousands of lives of a peer", () => {
  it("leave no more behind than one", async () => {
    const world = new World();
    const [hub, other] = [world.add(), world.add()];
    let address = other.address;
    world.source = (from) => (from === other ? address : from.address);
    world.owner = (text) => (text === address ? other : undefined);
    const heap: number[] = [];
    let sent = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (let life = 0; life < livesPerRound; life += 1) {
        address = `198.18.${60 + (life % 100)}.${1 + (round % 200)}`;
        other.restart();
        hub.runtime.setPeers([other.seen(false)]);
        other.runtime.setPeers([hub.seen(true)]);
        other.send(hub, "first");
        world.advance(6_000);
        // It roams in the middle of its life.
        address = `198.19.${60 + (life % 100)}.${1 + (round % 200)}`;
        other.send(hub, "roamed");
        world.advance(2_000);
        sent += 1;
        // Every tenth falls silent until all its keys are gone, the others are taken out of the map.
        if (life % 10 === 0) world.advance(200_000);
        hub.runtime.setPeers([]);
        world.advance(100);
        world.log.length = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(hub.plane.arrived.length).toBeGreaterThan(livesPerRound);
      hub.plane.arrived.length = 0;
      heap.push(heapMiB());
    }
    // The first round compiles and fills caches.
    const steady = heap.slice(2).map((value, round) => ({ at: (round * livesPerRound) / 1_000, value }));
    const growth = growthOf(steady);
    console.log(
      JSON.stringify({
        lives: sent,
        heapMiB: heap.map((one) => Number(one.toFixed(2))),
        growthPerThousand: growth,
      }),
    );
    expect(hub.runtime.status()).toEqual([]);
    expect(growth).toBeLessThan(0.2);
  });
});
