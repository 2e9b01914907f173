// Which gateway carries for a client of several, as gateways say when they heard it; and a stock client that a real runtime has not heard.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientTable } from "../../../agent/tunnel/clients.ts";
import type { TunnelPeer } from "../../../agent/tunnel.ts";
import { clientLimit, encodeClients } from "../../../protocol/ctl/clients.ts";
import { keyPairOf, publicKeyOf } from "../../../protocol/noise/primitives.ts";
import { createInitiation } from "../../../protocol/wireguard/handshake.ts";
import { tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { type Node, World } from "./world.ts";

const [phone, one, two, three] = ["aa", "11", "22", "33"].map((digits) => digits.repeat(32) as never) as [
  never,
  never,
  never,
  never,
];
const addresses = ["100.64.0.9", "fd00::9"];
const everybody = () => true;

function table(own: never, via = [one, two]) {
  const made = new ClientTable(own);
  made.set([{ nid: phone, addresses, via }]);
  return made;
}

describe("the gateway of a client", () => {
  it("is the first of its grant that is there, until one has heard it", () => {
    const clients = table(three);
    expect([...clients.addresses(everybody)]).toEqual([[one, addresses]]);
    expect([...clients.addresses((nid) => nid === two)]).toEqual([[two, addresses]]);
    expect([...clients.addresses(() => false)]).toEqual([]);
    expect(clients.note(phone, two, 5_000)).toBe(true);
    expect([...clients.addresses(everybody)]).toEqual([[two, addresses]]);
    expect(clients.note(phone, one, 4_000)).toBe(false);
    expect(clients.note(phone, one, 6_000)).toBe(true);
    expect([...clients.addresses(everybody)]).toEqual([[one, addresses]]);
  });

  it("is the next one when the first denies it, and the first when all do", () => {
    const clients = table(three);
    expect(clients.note(phone, one, Number.NEGATIVE_INFINITY)).toBe(true);
    expect([...clients.addresses(everybody)]).toEqual([[two, addresses]]);
    expect(clients.note(phone, two, Number.NEGATIVE_INFINITY)).toBe(true);
    expect([...clients.addresses(everybody)]).toEqual([[one, addresses]]);
  });

  it("is never one that its grant does not name, whatever that one says", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(one, two, three), fc.nat())), (words) => {
        const clients = table(three);
        for (const [gateway, at] of words) clients.note(phone, gateway, at);
        expect([...clients.addresses(everybody).keys()]).not.toContain(three);
        const heard = words.filter(([gateway]) => gateway !== three);
        if (heard.length === 0) return;
        const last = new Map(heard);
        const [serving] = [...clients.addresses(everybody).keys()];
        expect(last.get(serving as never)).toBe(Math.max(...last.values()));
      }),
    );
    expect(table(three).note("bb".repeat(32) as never, one, 1)).toBe(false);
  });

  it("is this node when the client came here, and then the client is a peer of its own", () => {
    const clients = table(two);
    clients.note(phone, two, 1_000);
    expect([...clients.addresses(everybody)]).toEqual([[phone, addresses]]);
    expect(clients.told(3_000)).toEqual([{ nid: phone, ago: 2 }]);
    clients.set([{ nid: phone, addresses, via: [one] }]);
    expect([...clients.addresses(everybody)]).toEqual([[one, addresses]]);
    expect(clients.told(3_000)).toEqual([]);
  });

  it("is told of shared clients alone, in messages that fit a datagram", () => {
    expect(table(one, [one]).told(0)).toEqual([]);
    const full = Array.from({ length: clientLimit }, () => ({ nid: phone, ago: 0 }));
    expect(encodeClients(full).length).toBeLessThan(1_280 - 48 - 32);
    expect(() => encodeClients([...full, full[0]!])).toThrow(RangeError);
  });
});

/** How a gateway sees a client that speaks WireGuard alone. */
function stock(node: Node): TunnelPeer {
  return { ...node.seen(false), ctl: undefined, controlPsk: undefined, online: false };
}

describe("a stock client of a runtime", () => {
  function pair() {
    const world = new World();
    const [gateway, client] = [world.add(), world.add()];
    gateway.runtime.setRelay(true);
    gateway.runtime.setPeers([stock(client)], [{ nid: client.nid, addresses, via: [gateway.nid] }]);
    client.runtime.setPeers([gateway.seen(true)]);
    return { world, gateway, client };
  }

  it("that has not been heard is sent nothing, and nothing waits for it", async () => {
    const { world, gateway, client } = pair();
    gateway.send(client, "anybody?");
    world.advance(10_000);
    expect(world.log.filter(({ from }) => from === gateway)).toEqual([]);
    expect(gateway.runtime.readCounters()["packet_no_client"]).toBe(1);
    expect(await gateway.runtime.ping(client.nid, 1, undefined)).toBeUndefined();
  });

  it("gets answers where it was heard last, no peer control and no relay", () => {
    const { world, gateway, client } = pair();
    client.runtime.setPeers([stock(gateway)]);
    find(world, client, gateway);
    client.send(gateway, "hello");
    world.advance(1_000);
    expect(gateway.plane.arrived.map(({ text }) => text)).toEqual(["hello"]);
    gateway.send(client, "welcome");
    expect(client.plane.arrived.map(({ text }) => text)).toEqual(["welcome"]);
    world.source = (from) => (from === client ? "203.0.113.66" : from.address);
    world.owner = (address) => (address === "203.0.113.66" ? client : undefined);
    client.send(gateway, "moved");
    gateway.send(client, "found");
    expect(client.plane.arrived.map(({ text }) => text)).toEqual(["welcome", "found"]);
    expect(gateway.runtime.status()[0]).toMatchObject({ client: true, path: { address: "203.0.113.66" } });
    for (const { datagram, path } of world.log.filter(({ from }) => from === gateway)) {
      expect(datagram[0]).toBeLessThan(5);
      expect(path.kind).toBe("direct");
    }
  });

  it("with another pre-shared key is none", () => {
    const { world, gateway, client } = pair();
    client.runtime.setPeers([{ ...stock(gateway), tunnelPsk: new Uint8Array(32) as never }]);
    find(world, client, gateway);
    client.send(gateway, "hello");
    world.advance(7_000);
    expect(gateway.plane.arrived).toEqual([]);
  });

  it("is found by everybody at the gateway that it came to last, and leaves idle sessions idle", () => {
    const world = new World();
    const [first, second, node, client] = [world.add(), world.add(), world.add(), world.add()];
    const clients = [{ nid: client.nid, addresses, via: [first.nid, second.nid] }];
    const agents = [first, second, node];
    for (const one of agents) {
      const others = agents.filter((other) => other !== one).map((other) => other.seen(true));
      one.runtime.setPeers(one === node ? others : [...others, stock(client)], clients);
    }
    client.runtime.setPeers([stock(first), stock(second)]);
    const at = (one: Node) => one.plane.routes.findLast(({ allowedIps }) => allowedIps.includes("100.64.0.9"))?.nid;
    for (const gateway of [first, second]) node.send(gateway, "awake");
    world.advance(2_000);
    // The second knows from the first that it has not heard the client: then it would be here.
    expect([at(node), at(first), at(second)]).toEqual([first.nid, client.nid, client.nid]);
    for (const gateway of [second, first, second]) {
      find(world, client, gateway);
      client.send(gateway, "here");
      world.advance(1_000);
      expect([at(node), at(gateway)]).toEqual([gateway.nid, client.nid]);
    }
    // The client goes on speaking; agents that have nothing to say to each other do not, because of it.
    world.advance(400_000, () => world.now % 20_000 === 0 && client.send(second, "still here"));
    const before = world.log.length;
    world.advance(200_000, () => world.now % 20_000 === 0 && client.send(second, "still here"));
    const control = world.log.slice(before).filter(({ datagram }) => datagram[0]! >= 0xe1);
    expect(control.length).toBeLessThan(5);
    expect(at(second)).toBe(client.nid);
  });
});

/** A client is told where its gateway is; our runtime hears it: a handshake of the gateway's comes from there. */
function find(world: World, client: Node, gateway: Node): void {
  const local = keyPairOf(gateway.x25519);
  const remoteStatic = publicKeyOf(client.x25519);
  found += 1;
  const timestamp = Uint8Array.from([...new Uint8Array(11), found]);
  const made = createInitiation(tunnelProfile, {
    local,
    remoteStatic,
    ephemeral: randomBytes(32),
    timestamp,
    senderIndex: found,
  });
  if (!made.ok) throw new Error(made.reason);
  client.plane.receiveDatagram(made.message, { kind: "direct", address: gateway.address, port: 51820 });
  // Handshake messages of one peer keep a distance of five seconds.
  world.advance(6_000);
}
let found = 0;
