// Against other implementations in real time: their rekeying after 120 s, expiry after 180 s, long streams, streams under a flood.
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { findBoringtun } from "./boringtun.ts";
import { type PairOptions, StockPair } from "./pair.ts";

const wireguardGo = ["wireguard-go", "-f"];
const boringtun = findBoringtun();
const programs = [
  ["wireguard-go", wireguardGo],
  ...(boringtun === undefined
    ? []
    : [["boringtun", [boringtun, "--foreground", "--disable-drop-privileges"]] as const]),
] as const;
const pairs: StockPair[] = [];

async function start(options: PairOptions): Promise<StockPair> {
  const pair = new StockPair(options);
  pairs.push(pair);
  await pair.start();
  return pair;
}

afterEach(async () => {
  for (const pair of pairs.splice(0)) await pair.stop();
});

async function authenticationFailures(pair: StockPair): Promise<number> {
  const { counters } = await pair.status();
  const bad = Object.entries(counters).filter(([name]) => /^(received_(authentication|malformed)|refused_)/.test(name));
  return bad.reduce((sum, [, count]) => sum + count, 0);
}

describe.each(programs)("%s in real time", (_name, program) => {
  it("rekeys after 120 s, whichever side began, and loses nothing", async () => {
    await Promise.all(
      (["ours", "theirs"] as const).map(async (knows) => {
        const pair = await start({ program, knows });
        const from = knows === "ours" ? "a" : "b";
        expect(await pair.reach(from, 8)).toBe(true);
        const first = (await pair.status()).current;
        expect(await pair.ping(from, { count: 280, interval: 0.5 })).toBe(280);
        const { current } = await pair.status();
        expect(current?.initiator).toBe(knows === "ours");
        expect(current?.index).not.toBe(first?.index);
        expect(await authenticationFailures(pair)).toBe(0);
      }),
    );
  });

  it("finds our key gone after 180 s of silence, and gets a new one with the next packet of either side", async () => {
    await Promise.all(
      (["a", "b"] as const).map(async (from) => {
        const pair = await start({ program, knows: "both" });
        expect(await pair.reach("a", 8)).toBe(true);
        await sleep(182_000);
        expect((await pair.status()).current).toBeNull();
        expect(await pair.reach(from, 8)).toBe(true);
      }),
    );
  });

  it("carries a minute each way and ten minutes in one, with not one packet that does not authenticate", async () => {
    const pair = await start({ program });
    expect(await pair.reach("a", 8)).toBe(true);
    for (const [seconds, reverse] of [
      [60, false],
      [60, true],
      [600, false],
    ] as const) {
      expect((await pair.stream({ seconds, reverse })).bytes).toBeGreaterThan(seconds * 1_000_000);
      expect(await authenticationFailures(pair)).toBe(0);
    }
  });
});

describe("a flood of handshakes from many sources", () => {
  it("leaves an established session at least 80 % of its throughput", async () => {
    const pair = await start({ program: wireguardGo, plane: "native" });
    expect(await pair.reach("a", 8)).toBe(true);
    const calm: number[] = [];
    const flooded: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      calm.push((await pair.stream({ seconds: 5 })).bitsPerSecond);
      const flood = pair.flood("b", { rate: 1_000, seconds: 9 });
      await sleep(2_500);
      flooded.push((await pair.stream({ seconds: 5 })).bitsPerSecond);
      await flood;
    }
    const median = (values: readonly number[]): number => values.toSorted((one, other) => one - other)[2]!;
    const ratio = median(flooded) / median(calm);
    const { counters } = await pair.status();
    console.log(
      JSON.stringify({ ratio, calm, flooded, cookies: counters["handshake_cookie"], strangers: counters["stranger"] }),
    );
    // Five hundred a second are answered, the rest is dropped.
    expect(counters["handshake_cookie"]).toBeGreaterThan(10_000);
    expect(ratio).toBeGreaterThan(0.8);
  });
});
