// A flood of well-formed handshakes: strangers get cookies, a peer gets in with one.
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keyPairOf, publicKeyOf } from "../../../protocol/noise/primitives.ts";
import { createInitiation } from "../../../protocol/wireguard/handshake.ts";
import { tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { encodeTimestamp } from "../../../protocol/wireguard/tai64n.ts";
import { World } from "./world.ts";

describe("under load", () => {
  it("a peer gets in with a cookie, and strangers cost no more than the cap", () => {
    const world = new World();
    const [one, other] = [world.add(), world.add()];
    const created = createInitiation(tunnelProfile, {
      local: keyPairOf(randomBytes(32)),
      remoteStatic: publicKeyOf(other.x25519),
      ephemeral: randomBytes(32),
      timestamp: encodeTimestamp(world.clock.wall()),
      senderIndex: 1,
    });
    if (!created.ok) throw new Error(created.reason);
    const { message } = created;
    let flooded = 0;
    const flood = (): void => {
      for (let host = 0; host < 20; host += 1) {
        flooded += 1;
        const address = `203.0.113.${host}`;
        other.plane.receiveDatagram(message, { kind: "direct", address, port: 9 });
      }
    };
    for (let tick = 0; tick < 10; tick += 1) flood();
    one.runtime.setPeers([other.seen(true)]);
    // Nobody said where this peer is to be expected.
    other.runtime.setPeers([one.seen(false)]);
    one.send(other, "through");
    // A cookie costs each of up to four handshakes one retry of 5 s.
    world.advance(30_000, flood);
    expect(other.plane.arrived).toEqual([{ peer: one.nid, text: "through" }]);
    expect(
      world.log.some(
        ({ path, datagram }) => path.kind === "direct" && path.address === one.address && datagram[0] === 0xe3,
      ),
    ).toBe(true);
    const counters = other.runtime.readCounters();
    expect(counters["handshake_cookie"]).toBeGreaterThan(flooded / 3);
    // Only those before the load was noticed were worth a Diffie-Hellman.
    expect(counters["handshake_stranger"]).toBeLessThan(flooded * 0.6);
  });
});

describe("a peer that is expected where it is", () => {
  it("gets in at once, whatever else comes", () => {
    const world = new World();
    const [one, other] = [world.add(), world.add()];
    const created = createInitiation(tunnelProfile, {
      local: keyPairOf(randomBytes(32)),
      remoteStatic: publicKeyOf(other.x25519),
      ephemeral: randomBytes(32),
      timestamp: encodeTimestamp(world.clock.wall()),
      senderIndex: 1,
    });
    if (!created.ok) throw new Error(created.reason);
    const { message } = created;
    one.runtime.setPeers([other.seen(true)]);
    other.runtime.setPeers([one.seen(true)]);
    for (let sent = 0; sent < 5_000; sent += 1) {
      other.plane.receiveDatagram(message, { kind: "direct", address: `203.0.113.${sent % 256}`, port: 9 });
    }
    one.send(other, "through");
    world.advance(1_000);
    expect(other.plane.arrived).toEqual([{ peer: one.nid, text: "through" }]);
    expect(other.runtime.readCounters()["handshake_cookieLimit"]).toBeGreaterThan(4_000);
  });
});

describe("a responder whose asker is under load", () => {
  it("takes the cookie for its response, and answers with it the next time", () => {
    const world = new World();
    const [one, other] = [world.add(), world.add()];
    // It answers from an address at which nobody expects it, so its response needs a cookie too.
    world.source = (from) => (from === other ? "198.18.60.9" : from.address);
    world.owner = (address) => (address === "198.18.60.9" ? other : undefined);
    const flood = (): void => {
      for (let host = 0; host < 60; host += 1) {
        const address = `203.0.113.${host}`;
        one.plane.receiveDatagram(strange, { kind: "direct", address, port: 9 });
      }
    };
    const created = createInitiation(tunnelProfile, {
      local: keyPairOf(randomBytes(32)),
      remoteStatic: publicKeyOf(one.x25519),
      ephemeral: randomBytes(32),
      timestamp: encodeTimestamp(world.clock.wall()),
      senderIndex: 1,
    });
    if (!created.ok) throw new Error(created.reason);
    const strange = created.message;
    for (let tick = 0; tick < 5; tick += 1) flood();
    one.runtime.setPeers([other.seen(true)]);
    other.runtime.setPeers([one.seen(false)]);
    one.send(other, "through");
    world.advance(20_000, flood);
    expect(other.plane.arrived).toEqual([{ peer: one.nid, text: "through" }]);
    expect(other.runtime.readCounters()["cookie_unknown"]).toBeUndefined();
    const responses = world.log.filter(({ from, datagram }) => from === other && datagram[0] === 2);
    const proven = responses.map(({ datagram }) => datagram.subarray(76).some((byte) => byte !== 0));
    expect([proven.at(0), proven.at(-1)]).toEqual([false, true]);
  });
});
