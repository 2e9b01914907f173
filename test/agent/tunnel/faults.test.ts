// What other implementations of this protocol got wrong, whole runtimes at a time: forgery, replay, roaming, clocks, counters.
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { KeyTable } from "../../../agent/dataplane/keys.ts";
import { hostClock } from "../../../agent/system/clock.ts";
import { loadNative } from "../../../agent/system/native-load.ts";
import { controlProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { type Node, World } from "./world.ts";

const attacker = { kind: "direct", address: "203.0.113.66", port: 666 } as const;

function talking(): { world: World; one: Node; other: Node } {
  const world = new World();
  const [one, other] = [world.add(), world.add()];
  one.runtime.setPeers([other.seen(true)]);
  other.runtime.setPeers([one.seen(true)]);
  one.send(other, "hello");
  world.advance(3_000);
  return { world, one, other };
}

const texts = (node: Node): string[] => node.plane.arrived.map(({ text }) => text);
const firstOf = (world: World, from: Node, type: number): Uint8Array =>
  world.log.find((flight) => flight.from === from && flight.datagram[0] === type)!.datagram;
const lastOf = (world: World, from: Node, type: number): Uint8Array =>
  world.log.findLast((flight) => flight.from === from && flight.datagram[0] === type)!.datagram;
const toAttacker = (world: World): number =>
  world.log.filter(({ path }) => path.kind === "direct" && path.address === attacker.address).length;

describe("a forged packet", () => {
  it("with a huge counter neither moves the replay window nor the endpoint", () => {
    const { world, one, other } = talking();
    one.send(other, "genuine");
    for (const type of [4, 0xe4]) {
      const forged = Uint8Array.from(lastOf(world, one, type));
      new DataView(forged.buffer).setUint32(8, 0xfffffff0, true);
      other.plane.receiveDatagram(forged, attacker);
    }
    world.advance(1_000);
    one.send(other, "after");
    other.send(one, "back");
    world.advance(1_000);
    expect(texts(other)).toEqual(["hello", "genuine", "after"]);
    expect(texts(one)).toEqual(["back"]);
    expect(toAttacker(world)).toBe(0);
  });

  it("that is a replay from another source moves no endpoint, for data and control alike", () => {
    const { world, one, other } = talking();
    one.send(other, "genuine");
    const recorded = world.log.filter(({ from }) => from === one).map(({ datagram }) => datagram);
    for (const datagram of recorded) other.plane.receiveDatagram(datagram, attacker);
    world.advance(2_000);
    other.send(one, "back");
    expect(texts(one)).toEqual(["back"]);
    expect(texts(other)).toEqual(["hello", "genuine"]);
    expect(toAttacker(world)).toBe(0);
  });

  it("that is a cookie reply moves no endpoint and gives no cookie", () => {
    const { world, one, other } = talking();
    world.passes = () => false;
    other.runtime.setPeers([]);
    other.runtime.setPeers([one.seen(true)]);
    other.send(one, "lost");
    world.advance(100);
    const initiation = lastOf(world, other, 0xe1);
    const forged = new Uint8Array(64);
    forged[0] = controlProfile.types.cookieReply;
    forged.set(initiation.subarray(4, 8), 4);
    other.plane.receiveDatagram(forged, attacker);
    expect(other.runtime.readCounters()["session_cookie"]).toBe(1);
    world.advance(6_000);
    expect(
      lastOf(world, other, 0xe1)
        .subarray(132)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(toAttacker(world)).toBe(0);
  });
});

describe("a replayed initiation", () => {
  it("is not answered twice", () => {
    const { world, one, other } = talking();
    const before = world.log.length;
    other.plane.receiveDatagram(firstOf(world, one, 1), attacker);
    other.plane.receiveDatagram(firstOf(world, one, 0xe1), attacker);
    world.settle();
    expect(world.log.length).toBe(before);
    expect(other.runtime.readCounters()["session_oldTimestamp"]).toBe(2);
  });

  it("is taken once after the responder restarted, and the next genuine packet heals everything", () => {
    const { world, one, other } = talking();
    const initiation = firstOf(world, one, 1);
    other.restart();
    other.runtime.setPeers([one.seen(true)]);
    other.plane.receiveDatagram(initiation, attacker);
    other.plane.receiveDatagram(initiation, attacker);
    world.settle();
    expect(toAttacker(world)).toBe(1);
    // One answer to where it came from, nothing more: whoever replayed cannot confirm the session.
    world.advance(20_000, () => one.send(other, "genuine"));
    expect(texts(other).at(-1)).toBe("genuine");
    other.send(one, "healed");
    expect(texts(one)).toEqual(["healed"]);
  });
});

describe("a response", () => {
  it("to an initiation that was replaced is refused", () => {
    const world = new World();
    const [one, other] = [world.add(), world.add()];
    one.runtime.setPeers([other.seen(true)]);
    other.runtime.setPeers([one.seen(true)]);
    world.passes = ({ datagram }) => datagram[0] !== 0xe2;
    one.send(other, "hello");
    world.advance(100);
    const late = lastOf(world, other, 0xe2);
    world.advance(6_000);
    one.plane.receiveDatagram(late, { kind: "direct", address: other.address, port: 51820 });
    expect(one.runtime.readCounters()["response_unknown"]).toBeGreaterThan(0);
    expect(one.runtime.readCounters()["session_index"]).toBeUndefined();
  });
});

describe("a node that once had a clock in the future", () => {
  it("is locked out by its peers' memory alone: one that restarted takes it again", () => {
    const { world, one, other } = talking();
    const future = 20 * 365 * 86_400_000;
    const wall = world.clock.wall;
    world.clock.wall = () => wall() + future;
    one.restart();
    one.runtime.setPeers([other.seen(true)]);
    world.advance(2_000, () => one.send(other, "from the future"));
    world.clock.wall = wall;
    one.restart();
    one.runtime.setPeers([other.seen(true)]);
    other.plane.arrived.length = 0;
    world.passes = ({ from }) => from === one;
    world.advance(12_000, () => one.send(other, "locked out"));
    expect(texts(other)).toEqual([]);
    expect(other.runtime.readCounters()["session_oldTimestamp"]).toBeGreaterThan(0);
    world.passes = () => true;
    other.restart();
    other.runtime.setPeers([one.seen(true)]);
    world.advance(12_000, () => one.send(other, "again"));
    expect(texts(other).at(-1)).toBe("again");
  });
});

describe("indices", () => {
  it("are random, not counted, and tell nothing about the peer", () => {
    const { world, one, other } = talking();
    for (let round = 0; round < 8; round += 1) {
      other.restart();
      other.runtime.setPeers([one.seen(true)]);
      world.advance(20_000, () => one.send(other, "tick"));
    }
    const indices = world.log
      .filter(({ from, datagram }) => from === one && (datagram[0] === 1 || datagram[0] === 0xe1))
      .map(({ datagram }) => Buffer.from(datagram).readUInt32LE(4));
    expect(indices.length).toBeGreaterThan(8);
    expect(new Set(indices).size).toBe(new Set(indices.map((index) => index >>> 8)).size);
  });

  it("in use are not given again, whatever the random numbers are", () => {
    const world = new World();
    // Each of sixteen numbers many times in a row; two sessions and their handshakes hold up to eight.
    let drawn = 0;
    world.random = (length) =>
      length === 4 ? Uint8Array.of((drawn++ >>> 5) & 15, 0, 0, 0) : Uint8Array.from(randomBytes(length));
    const [one, other] = [world.add(), world.add()];
    let [installed, clashes] = [0, 0];
    for (const { plane } of [one, other]) {
      const install = plane.installKeys.bind(plane);
      plane.installKeys = (keys) => {
        installed += 1;
        if (plane.keys.has(keys.localIndex)) clashes += 1;
        install(keys);
      };
    }
    one.runtime.setPeers([other.seen(true)]);
    other.runtime.setPeers([one.seen(true)]);
    world.advance(1_500_000, () => {
      if (world.now % 1_000 === 0) one.send(other, `${world.now}`);
    });
    expect(installed).toBeGreaterThan(20);
    expect(clashes).toBe(0);
    expect(texts(other)).toHaveLength(1_500);
  });
});

describe("counters", () => {
  it("of 2^53 and more are refused, and a key is never used that far", () => {
    const table = new KeyTable(tunnelProfile);
    const keys = { send: randomBytes(32), receive: randomBytes(32) };
    const peer = "a".repeat(64) as never;
    table.install({ peer, localIndex: 1, remoteIndex: 2, keys, expiresAt: 10 });
    table.select(peer, 1);
    const sealed = table.seal(peer, new Uint8Array(16), 0);
    expect(sealed?.counter).toBe(0);
    for (const counter of [Number.MAX_SAFE_INTEGER, 2 ** 53, 2 ** 60, 2 ** 64]) {
      expect(table.open(sealed!.message, 1, counter, 0)).toEqual({ ok: false, reason: "replay" });
    }
    expect(table.seal(peer, new Uint8Array(16), 10)).toBeUndefined();
  });
});

describe("the clock of timers", () => {
  it("is the one that runs on in suspend and is never set", async () => {
    const clock = hostClock(await loadNative());
    const [before, uptime] = [clock.now(), process.hrtime.bigint()];
    await new Promise((resolve) => setTimeout(resolve, 30));
    const passed = Number(process.hrtime.bigint() - uptime) / 1e6;
    expect(Math.abs(clock.now() - before - passed)).toBeLessThan(10);
    expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(50);
  });
});
