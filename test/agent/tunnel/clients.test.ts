// Which gateway carries for a client of several, as gateways say when they heard it; and a stock client that a real runtime has not heard.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientTable } from "../../../agent/tunnel/clients.ts";
import type { TunnelPeer } from "../../../agent/tunnel.ts";
import { clientLimit, encodeClients } from "../../../protocol/ctl/clients.ts";
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
});
