// Our sessions and data plane against wireguard-go: keys, rekeying, roaming, replays, floods, address families, sizes.
import { afterEach, describe, expect, it } from "vitest";
import { type PairOptions, StockPair } from "./pair.ts";

const program = ["wireguard-go", "-f"];
const pairs: StockPair[] = [];

async function start(options: Omit<PairOptions, "program"> = {}): Promise<StockPair> {
  const pair = new StockPair({ program, ...options });
  pairs.push(pair);
  await pair.start();
  return pair;
}

afterEach(async () => {
  for (const pair of pairs.splice(0)) await pair.stop();
});

/** Packets that were refused although a genuine peer sent them once. */
async function refusals(pair: StockPair): Promise<Record<string, number>> {
  const { counters } = await pair.status();
  const bad = /^(received_(authentication|unknownIndex|replay|malformed)|inner_|refused_|mac1|handshake_)/;
  return Object.fromEntries(Object.entries(counters).filter(([name]) => bad.test(name)));
}

describe("addresses", () => {
  it.each([
    [4, "native"],
    [6, "native"],
    [6, "portable"],
  ] as const)("inner IPv4 and IPv6 pass over outer IPv%d, whoever starts (%s)", async (family, plane) => {
    for (const knows of ["ours", "theirs"] as const) {
      const pair = await start({ family, knows, plane });
      const from = knows === "ours" ? "a" : "b";
      expect(await pair.reach(from, 6)).toBe(true);
      expect(await pair.ping(from, { six: true, count: 2 })).toBe(2);
      expect(await pair.ping(from === "a" ? "b" : "a", { count: 2 })).toBe(2);
      expect((await pair.status()).current?.initiator).toBe(knows === "ours");
      expect(await refusals(pair)).toEqual({});
    }
  });
});

describe("the pre-shared key", () => {
  it("may be absent, which is one of zeros", async () => {
    const pair = await start({ psk: "zero" });
    expect(await pair.reach("a", 6)).toBe(true);
  });

  it("keeps everything out when it is wrong, whoever starts", async () => {
    for (const knows of ["ours", "theirs"] as const) {
      const pair = await start({ psk: "wrong", knows });
      expect(await pair.ping(knows === "ours" ? "a" : "b", { count: 4 })).toBe(0);
      const { counters } = await pair.status();
      // We refuse its answer; it refuses ours, and says nothing.
      expect(counters[knows === "ours" ? "refused_authentication" : "sendResponse"]).toBeGreaterThan(0);
      expect(counters["received_direct"]).toBeUndefined();
    }
  });
});

describe("rekeying", () => {
  it("by time is ours where we began: no ping is lost over a minute that lasts 20 for us", async () => {
    // Our clock runs 20 times as fast: every 6 s are 120 s of ours, while nothing expires on the other side.
    const pair = await start({ speed: 20 });
    expect(await pair.reach("a", 6)).toBe(true);
    const before = (await pair.status()).current?.index;
    expect(await pair.ping("a", { count: 180, interval: 0.1 })).toBe(180);
    const { counters, current } = await pair.status();
    expect(counters["sendInitiation"]).toBeGreaterThanOrEqual(3);
    expect(current?.initiator).toBe(true);
    expect(current?.index).not.toBe(before);
    expect(await refusals(pair)).toEqual({});
  });

  it("again and again, started by either side in turn, loses nothing", async () => {
    const pair = await start({ knows: "both" });
    expect(await pair.reach("a", 6)).toBe(true);
    const pings = pair.ping("a", { count: 110, interval: 0.1 });
    await pair.renew();
    await new Promise((resolve) => setTimeout(resolve, 5_500));
    await pair.renew();
    expect(await pings).toBe(110);
    expect(await refusals(pair)).toEqual({});
  });
});

describe("expiry", () => {
  it("takes our key away at 180 s of ours, and the next packet makes a new one", async () => {
    const pair = await start({ speed: 30 });
    expect(await pair.reach("a", 6)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    expect((await pair.status()).current).toBeNull();
    expect(await pair.reach("a", 6)).toBe(true);
  });
});

describe("the way between", () => {
  it("may change on our side, and on theirs, without a new handshake", async () => {
    const pair = await start({ middlebox: true });
    expect(await pair.reach("a", 6)).toBe(true);
    const [handshake, endpoint] = [pair.show("latest-handshakes"), pair.show("endpoints")];
    await pair.wire({ move: "ours" });
    expect(await pair.ping("a", { count: 2 })).toBe(2);
    expect(await pair.ping("b", { count: 2 })).toBe(2);
    expect(pair.show("endpoints")).not.toBe(endpoint);
    const { path } = await pair.status();
    await pair.wire({ move: "theirs" });
    // The first packet from the new place is theirs; ours follow it there, the very first answer perhaps not yet: the thread
    // that moves packets hears of a new path from the one that decides.
    expect(await pair.reach("b", 4)).toBe(true);
    expect(await pair.ping("b", { count: 2 })).toBe(2);
    expect(await pair.ping("a", { count: 2 })).toBe(2);
    expect((await pair.status()).path?.port).not.toBe(path?.port);
    expect(pair.show("latest-handshakes")).toBe(handshake);
  });

  it("may double and reorder: each packet arrives once", async () => {
    const pair = await start({ middlebox: true });
    expect(await pair.reach("a", 6)).toBe(true);
    await pair.wire({ copies: 3, hold: 4 });
    const { output } = await pair.network.exec("a", ...["ping", "-c", "60", "-i", "0.02", "-W", "1", "198.18.201.1"]);
    expect(output).not.toContain("DUP!");
    expect(Number(/(\d+) received/.exec(output)?.[1])).toBeGreaterThan(50);
    const { counters } = await pair.status();
    expect(counters["received_replay"]).toBeGreaterThan(50);
    expect(counters["received_authentication"]).toBeUndefined();
  });

  it("may repeat handshakes and data of both sides: nothing is accepted twice, the session goes on", async () => {
    const pair = await start({ middlebox: true });
    expect(await pair.reach("a", 6)).toBe(true);
    await pair.ping("a", { count: 10, interval: 0.05 });
    const before = await pair.status();
    const handshake = pair.show("latest-handshakes");
    for (let round = 0; round < 3; round += 1) await pair.wire({ replay: true });
    await pair.wire({});
    expect(await pair.ping("a", { count: 5 })).toBe(5);
    const after = await pair.status();
    expect(after.counters["received_replay"]).toBeGreaterThan(20);
    expect(after.current).toEqual(before.current);
    expect(pair.show("latest-handshakes")).toBe(handshake);
  });
});

describe("sizes", () => {
  it.each(["native", "portable"] as const)(
    "up to the MTU pass, and one byte more does not leave (%s)",
    async (plane) => {
      const pair = await start({ plane });
      expect(await pair.reach("a", 6)).toBe(true);
      for (const size of [0, 1, 16, 1_391, 1_392]) {
        expect(await pair.ping("a", { size }), `${size} bytes`).toBe(1);
        expect(await pair.ping("b", { size }), `${size} bytes`).toBe(1);
      }
      expect(await pair.ping("a", { size: 1_372, six: true })).toBe(1);
      expect(await pair.ping("a", { size: 1_393 })).toBe(0);
      expect(await refusals(pair)).toEqual({});
    },
  );
});

describe("persistent keepalives", () => {
  it("of ours hold the session without any packet", async () => {
    const pair = await start({ persistentKeepalive: { ours: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(Number(pair.show("latest-handshakes"))).toBeGreaterThan(0);
    expect((await pair.status()).counters["keepalive"]).toBeGreaterThanOrEqual(2);
  });

  it("of theirs are heard and cost no answer of ours", async () => {
    const pair = await start({ knows: "theirs", persistentKeepalive: { theirs: 1 } });
    expect(await pair.reach("b", 8)).toBe(true);
    const before = await pair.status();
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    const { counters, current } = await pair.status();
    expect(current?.initiator).toBe(false);
    expect(counters["received_direct"]! - before.counters["received_direct"]!).toBeGreaterThanOrEqual(2);
    expect(counters["keepalive"]).toBeUndefined();
  });
});

describe("a flood of handshakes", () => {
  it("makes us ask it for a cookie, with which it gets in", async () => {
    const pair = await start({ knows: "theirs" });
    const flood = pair.flood("b", { rate: 400, seconds: 12 });
    expect(await pair.reach("b", 14)).toBe(true);
    await flood;
    const { counters } = await pair.status();
    expect(counters["handshake_cookie"]).toBeGreaterThan(1_000);
    expect(counters["stranger"]).toBeLessThan(counters["handshake_cookie"]!);
  });

  it("makes it ask us for a cookie, with which we get in", async () => {
    const pair = await start();
    const flood = pair.flood("a", { rate: 20_000, seconds: 12 });
    let cookies = 0;
    for (const end = Date.now() + 13_000; cookies === 0 && Date.now() < end; ) {
      await pair.renew();
      await pair.ping("a");
      cookies = (await pair.status()).counters["got_cookieReply"] ?? 0;
    }
    expect(cookies).toBeGreaterThan(0);
    await flood;
    expect(await pair.reach("a", 8)).toBe(true);
    expect((await pair.status()).counters["refused_cookie"]).toBeUndefined();
  });
});

describe("a stream", () => {
  // A minute each way, and ten minutes, are in the soak: here seconds are dear.
  it.each([
    [15, "native"],
    [5, "portable"],
  ] as const)("of %d s each way has no packet that does not authenticate (%s)", async (seconds, plane) => {
    const pair = await start({ plane });
    expect(await pair.reach("a", 6)).toBe(true);
    for (const reverse of [false, true]) {
      const { bytes } = await pair.stream({ seconds, reverse });
      expect(bytes).toBeGreaterThan(5_000_000);
    }
    expect(await refusals(pair)).toEqual({});
  });
});
