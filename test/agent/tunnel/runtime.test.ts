// Whole runtimes against each other in memory: first packets, restarts, lying relays, strangers, garbage.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

function pair(endpoints: readonly [boolean, boolean], relay: boolean) {
  const world = new World();
  const [one, other] = [world.add(), world.add()];
  one.runtime.setRelay(relay);
  other.runtime.setRelay(relay);
  one.runtime.setPeers([other.seen(endpoints[1])]);
  other.runtime.setPeers([one.seen(endpoints[0])]);
  return { world, one, other };
}

const texts = (node: { plane: { arrived: readonly { text: string }[] } }): string[] =>
  node.plane.arrived.map(({ text }) => text);

describe("the first packet", () => {
  it("arrives without relay, whichever side knows the other's address", () => {
    for (const endpoints of [
      [true, true],
      [true, false],
      [false, true],
    ] as const) {
      const { world, one, other } = pair(endpoints, false);
      one.send(other, "hello");
      world.advance(8_000);
      expect(texts(other)).toEqual(["hello"]);
      expect(one.runtime.status()[0]).toMatchObject({ session: "established", path: { kind: "direct" } });
      expect(other.runtime.status()[0]).toMatchObject({ session: "established", path: { kind: "direct" } });
    }
  });

  it("goes by the relay at once when no address is known", () => {
    const { world, one, other } = pair([false, false], true);
    one.send(other, "hello");
    world.advance(300);
    expect(texts(other)).toEqual(["hello"]);
    expect(one.runtime.status()[0]?.path).toEqual({ kind: "relay" });
  });

  it("waits, with those behind it, until there is a way", () => {
    const { world, one, other } = pair([false, false], false);
    for (let number = 0; number < 200; number += 1) one.send(other, `${number}`);
    world.advance(1_000);
    one.runtime.setRelay(true);
    other.runtime.setRelay(true);
    world.advance(8_000);
    expect(texts(other)).toEqual(Array.from({ length: 128 }, (_, index) => `${index + 72}`));
    expect(one.runtime.readCounters()["packet_no_path"]).toBe(72);
  });
});

describe("a relay that lies about the sender", () => {
  it("changes nothing: frames belong to who sealed them", () => {
    const { world, one, other } = pair([false, false], true);
    const third = world.add();
    world.relayNames = () => third;
    one.send(other, "mine");
    world.advance(1_000);
    expect(other.plane.arrived).toEqual([{ peer: one.nid, text: "mine" }]);
    expect(world.log.some(({ path }) => path.kind === "relay" && path.nid === third.nid)).toBe(false);
  });
});

describe("candidates that lead somewhere else", () => {
  it("are never sent to, however they are written", () => {
    const { world, one, other } = pair([true, true], true);
    const addresses = ["::ffff:100.64.0.7", "::ffff:6440:7", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "fd00:0:0::7"];
    const endpoints = addresses.map((address) => ({ kind: "local", address, port: 51820 }) as const);
    one.runtime.setPeers([{ ...other.seen(true), endpoints }]);
    one.send(other, "hello");
    world.advance(3_000);
    const sent = world.log.flatMap(({ path }) => (path.kind === "direct" ? [path.address] : []));
    expect(sent.filter((address) => address !== one.address && address !== other.address)).toEqual([]);
    expect(texts(other)).toEqual(["hello"]);
  });

  it("are few per address, so that no list makes a flood of one victim", () => {
    const { world, one, other } = pair([true, true], true);
    const ports = Array.from({ length: 24 }, (_, index) => 1000 + index);
    const endpoints = ports.map((port) => ({ kind: "local", address: "203.0.113.9", port }) as const);
    one.runtime.setPeers([{ ...other.seen(true), endpoints }]);
    one.send(other, "hello");
    world.advance(3_000);
    const at = world.log.flatMap(({ path }) => (path.kind === "direct" ? [path] : []));
    const asked = new Set(at.filter(({ address }) => address === "203.0.113.9").map(({ port }) => port));
    expect(asked.size).toBe(4);
  });
});

describe("a source address that lies", () => {
  it("is asked, does not answer, and never becomes the path", () => {
    const { world, one, other } = pair([true, true], true);
    one.send(other, "first");
    world.advance(1_000);
    world.source = () => "203.0.113.66";
    for (let number = 0; number < 20; number += 1) one.send(other, `${number}`);
    world.advance(500);
    expect(other.runtime.status()[0]?.path).not.toMatchObject({ address: "203.0.113.66" });
    const asked = world.log.filter(({ path }) => path.kind === "direct" && path.address === "203.0.113.66");
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ datagram }) => datagram[0] === 0xe4)).toBe(true);
  });
});

describe("a node behind a NAT", () => {
  it("learns from a peer where its datagrams come from, and reports it", () => {
    const { world, one, other } = pair([false, true], false);
    world.source = (from) => (from === one ? "203.0.113.66" : from.address);
    world.owner = (address) => (address === "203.0.113.66" ? one : undefined);
    one.send(other, "hello");
    world.advance(8_000);
    one.runtime.refreshEndpoints();
    expect(one.reported).toContainEqual({ kind: "observed", address: "203.0.113.66", port: 51820 });
    expect(other.reported.some(({ kind }) => kind === "observed")).toBe(false);
    expect(texts(other)).toEqual(["hello"]);
  });
});

describe("an address inside the mesh", () => {
  it("never becomes a path: packets would go in circles", () => {
    const { world, one, other } = pair([false, false], true);
    const endpoint = { kind: "local", address: "100.64.0.2", port: 51820 } as const;
    one.runtime.setPeers([{ ...other.seen(false), endpoints: [endpoint] }]);
    world.source = () => "100.64.0.7";
    one.send(other, "hello");
    world.advance(5_000);
    expect(texts(other)).toEqual(["hello"]);
    expect(world.log.filter(({ path }) => path.kind === "direct" && path.address.startsWith("100.64."))).toEqual([]);
  });
});

describe("an address that is reached through a tunnel", () => {
  it("is given up as soon as the host sends it into the mesh, and not taken again", () => {
    const { world, one, other } = pair([true, true], true);
    one.send(other, "directly");
    world.advance(2_000);
    expect(one.runtime.status()[0]?.path).toMatchObject({ kind: "direct", address: other.address });
    one.runtime.setRouted(["198.18.50.0/24"]);
    world.log.length = 0;
    one.runtime.setPeers([other.seen(true)]);
    one.send(other, "by the relay");
    world.advance(40_000, () => one.send(other, "tick"));
    expect(world.log.filter(({ from, path }) => from === one && path.kind === "direct")).toEqual([]);
    expect(texts(other)).toContain("by the relay");
    one.runtime.setRouted([]);
    one.runtime.setPeers([other.seen(true)]);
    world.advance(20_000, () => one.send(other, "tick"));
    expect(one.runtime.status()[0]?.path).toMatchObject({ kind: "direct", address: other.address });
  });
});

describe("a peer that restarts", () => {
  it("is talked to again within seconds, without relay and coordinator", () => {
    const { world, one, other } = pair([true, true], false);
    one.send(other, "before");
    world.advance(10_000, () => one.send(other, "tick"));
    other.restart();
    other.runtime.setPeers([one.seen(true)]);
    world.advance(6_000, () => one.send(other, "tick"));
    expect(texts(other).length).toBeGreaterThan(20);
  });
});

describe("a node that is no peer", () => {
  it("gets no answer, and neither does a peer with another secret", () => {
    const { world, one, other } = pair([true, true], false);
    const stranger = world.add();
    stranger.runtime.setPeers([other.seen(true)]);
    stranger.send(other, "let me in");
    world.advance(3_000);
    expect(other.runtime.readCounters()["handshake_stranger"]).toBeGreaterThan(0);
    expect(world.log.some(({ path }) => path.kind === "direct" && path.address === stranger.address)).toBe(false);
    one.runtime.setPeers([other.seen(true, new Uint8Array(32) as never)]);
    one.send(other, "wrong secret");
    world.advance(12_000);
    expect(texts(other)).toEqual([]);
  });

  it("is one from the moment its membership ends", () => {
    const { world, one, other } = pair([true, true], false);
    one.send(other, "member");
    world.advance(1_000);
    other.runtime.setPeers([]);
    one.send(other, "revoked");
    world.advance(1_000);
    expect(texts(other)).toEqual(["member"]);
    expect(other.runtime.status()).toEqual([]);
  });
});

describe("an idle pair", () => {
  it("falls silent, and speaks at once when there is traffic", () => {
    const { world, one, other } = pair([true, true], true);
    world.advance(100_000);
    const before = world.log.length;
    world.advance(400_000);
    expect(world.log.length - before).toBeLessThan(5);
    one.send(other, "awake");
    world.advance(1_000);
    expect(texts(other)).toEqual(["awake"]);
  });
});

describe("garbage", () => {
  it("is counted and never thrown on, from any path", () => {
    const { world, one, other } = pair([true, true], true);
    world.advance(1_000);
    const genuine = world.log.map(({ datagram }) => datagram);
    const mutated = fc
      .tuple(fc.constantFrom(...genuine), fc.nat(200), fc.nat(255), fc.nat(400))
      .map(([datagram, at, value, length]) => {
        const copy = Uint8Array.from(datagram.subarray(0, length));
        if (at < copy.length) copy[at] = value;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), fc.boolean(), (datagram, relayed) => {
        if (relayed) other.runtime.relayed(one.nid, datagram);
        else other.plane.receiveDatagram(datagram, { kind: "direct", address: "203.0.113.9", port: 9 });
        world.settle();
      }),
      { numRuns: 400 },
    );
    world.advance(7_000);
    one.send(other, "still here");
    world.advance(7_000);
    expect(texts(other)).toEqual(["still here"]);
  });
});
