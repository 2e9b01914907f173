// A coordinator process and protocol clients: guests become members, get the map at once, and have datagrams relayed.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Ipv4Address } from "../../protocol/brand.ts";
import { genesisItem, grantItem, keysItem, openedView, party } from "../protocol/trust/mesh.ts";
import { Client } from "./client.ts";
import { CoordinatorProcess } from "./process.ts";

const alice = party("alice");
const bob = party("bob");
const genesis = genesisItem();
const view = openedView(genesis);
const aliceGrant = grantItem(view, alice, { ip4: "100.64.0.1" as Ipv4Address });
const bobGrant = grantItem(view, bob, { ip4: "100.64.0.2" as Ipv4Address });
const aliceKeys = keysItem(view, alice);
const bobKeys = keysItem(view, bob);

let coordinator: CoordinatorProcess;
const clients: Client[] = [];
beforeEach(async () => {
  coordinator = new CoordinatorProcess(view, [genesis, aliceGrant]);
  await coordinator.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await coordinator.remove();
});

function client(who: typeof alice): Client {
  const one = new Client(who, view);
  clients.push(one);
  return one;
}

describe("a channel", () => {
  it("is a guest's until its keys are accepted, then a member's with the whole map", async () => {
    const one = client(alice);
    const first = await one.join(coordinator);
    expect(first).toMatchObject({ member: false, observed: "127.0.0.1" });
    expect(await one.submit(aliceKeys)).toEqual([{ accepted: true, known: false }]);
    const second = await one.next("welcome");
    expect(second).toMatchObject({ member: true, store: first.store });
    const { items, mapVersion } = await one.delta();
    expect(items).toEqual([genesis, aliceGrant, aliceKeys]);
    expect(mapVersion).toBe(second.mapVersion);
    expect(await one.next("presence")).toEqual({ replace: true, peers: [] });
    const kinds = one.messages.map((message) => message.kind);
    expect(kinds.slice(0, 5)).toEqual(["welcome", "submitted", "welcome", "items", "presence"]);
    expect((await coordinator.status()).connected).toEqual([one.nid]);
  });

  it("relays datagrams between members", async () => {
    await coordinator.submit(aliceKeys, bobGrant, bobKeys);
    const [one, two] = [client(alice), client(bob)];
    expect((await one.join(coordinator)).member).toBe(true);
    expect((await two.join(coordinator)).member).toBe(true);
    const datagram = Buffer.from("sealed bytes");
    one.send("relay", { nid: two.nid, datagram });
    const { nid, datagram: received } = await two.next("relayed");
    expect(nid).toBe(one.nid);
    expect(Buffer.from(received)).toEqual(datagram);
  });
});
