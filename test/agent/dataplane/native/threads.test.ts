// Numbers of threads, indexes that carry one, and the even spread of peers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Homes } from "../../../../agent/dataplane/native/homes.ts";
import { defaultThreads, mostThreads, placeIndex, threadOf } from "../../../../agent/dataplane/native/threads.ts";
import { readPreference } from "../../../../agent/dataplane/preference.ts";
import { parseNodeId } from "../../../../protocol/brand.ts";

const none = { backend: undefined, offloads: undefined };

describe("the number of threads", () => {
  it("is one on one or two cores, and two on more", () => {
    expect([1, 2, 3, 4, 6, 8, 64].map(defaultThreads)).toEqual([1, 1, 2, 2, 2, 2, 2]);
    expect(readPreference(none, {}, 2).threads).toBe(1);
    expect(readPreference(none, {}, 8).threads).toBe(2);
  });

  it("is what the command line says, else the environment", () => {
    const environment = { TUNNELMESH_DATAPLANE_THREADS: "3" };
    expect(readPreference(none, environment, 2).threads).toBe(3);
    expect(readPreference({ ...none, threads: "2" }, environment, 2).threads).toBe(2);
  });

  it.each(["0", "17", "-1", "two", "1.5", "", " 2"])("is refused when it is %o", (threads) => {
    expect(() => readPreference({ ...none, threads }, {}, 2)).toThrow("threads are 1 to 16");
  });
});

describe("an index", () => {
  const index = fc.nat(0xffff_ffff);

  it("of a thread is that thread's, and keeps its upper 24 bits", () => {
    fc.assert(
      fc.property(index, fc.integer({ min: 1, max: mostThreads }), fc.nat(mostThreads - 1), (random, threads, one) => {
        const thread = one % threads;
        const placed = placeIndex(random, thread, threads);
        expect(threadOf(placed, threads)).toBe(thread);
        expect(placed >>> 8).toBe(random >>> 8);
        expect(placed).toBeGreaterThanOrEqual(0);
        expect(Math.abs((placed & 255) - (random & 255))).toBeLessThan(threads);
      }),
    );
  });

  it("is as it was where there is one thread", () => {
    fc.assert(fc.property(index, (random) => placeIndex(random, 0, 1) === random));
  });

  it("takes every lowest byte of its thread", () => {
    for (const threads of [2, 3, 4, 16]) {
      const lowest = new Set(Array.from({ length: 256 }, (_, random) => placeIndex(random, 1, threads)));
      const wanted = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte % threads === 1);
      expect([...lowest].sort((a, b) => a - b)).toEqual(wanted);
    }
  });
});

describe("peers", () => {
  const nid = (number: number) => parseNodeId(number.toString(16).padStart(64, "0"));

  it("are spread evenly, stay where they are, and make room when they go", () => {
    const homes = new Homes(3);
    const first = [0, 1, 2, 3, 4, 5].map((number) => homes.of(nid(number)));
    expect(first).toEqual([2, 1, 0, 2, 1, 0]);
    expect([0, 1, 2, 3, 4, 5].map((number) => homes.of(nid(number)))).toEqual(first);
    homes.keep(new Set([nid(0), nid(1), nid(3), nid(4)]));
    expect(homes.of(nid(6))).toBe(0);
    expect(homes.of(nid(0))).toBe(2);
  });
});
