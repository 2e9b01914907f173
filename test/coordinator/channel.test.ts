// A coordinator process and protocol clients: guests become members, get the map at once, and lose it with their grant.
import { describe, expect, it } from "vitest";
import { deriveTunnelKeys } from "../../protocol/trust/tunnel-keys.ts";
import { keysItem, logItem, mallory } from "../protocol/trust/mesh.ts";
import { alice, bob, carol, genesis, someone, useCoordinator, view } from "./fixture.ts";

const fixture = useCoordinator([genesis, alice.grant, bob.grant]);
const stranger = someone("mallory", "100.64.0.9");

describe("a guest", () => {
  it("becomes a member on the same channel when its keys are accepted, and gets the whole map", async () => {
    const one = fixture.client(alice);
    const first = await one.join(fixture.coordinator);
    expect(first).toMatchObject({ member: false, observed: "127.0.0.1" });
    expect(await one.submit(alice.keys)).toEqual([{ accepted: true, known: false }]);
    const second = await one.next("welcome");
    expect(second).toMatchObject({ member: true, store: first.store });
    const { items, mapVersion } = await one.delta();
    expect(items).toEqual([genesis, alice.grant, bob.grant, alice.keys]);
    expect(mapVersion).toBe(second.mapVersion);
    expect(await one.next("presence")).toEqual({ replace: true, peers: [] });
    const kinds = one.messages.map((message) => message.kind);
    expect(kinds.slice(0, 5)).toEqual(["welcome", "submitted", "welcome", "items", "presence"]);
    expect((await fixture.coordinator.status()).connected).toEqual([one.nid]);
  });

  it("becomes a member when an admin grants it while it waits", async () => {
    const one = fixture.client(carol);
    await one.join(fixture.coordinator);
    expect(await one.submit(carol.keys)).toEqual([{ accepted: false, known: false, reason: "not-granted" }]);
    await fixture.coordinator.submit(carol.grant, carol.keys);
    expect(await one.next("welcome")).toMatchObject({ member: true });
  });

  it("may bring an admin's grant and its own keys, but nobody else's keys, and nothing forged", async () => {
    const one = fixture.client(carol);
    await one.join(fixture.coordinator);
    const verdicts = await one.submit(
      bob.keys,
      { ...carol.grant, sigs: stranger.grant.sigs },
      keysItem(view, carol.who, {}, mallory),
    );
    expect(verdicts.map((verdict) => verdict.accepted)).toEqual([false, false, false]);
    expect(verdicts[0]?.reason).toBe("not-yours");
    const good = await one.submit(carol.grant, carol.keys);
    expect(good.every((verdict) => verdict.accepted)).toBe(true);
    expect(await one.next("welcome")).toMatchObject({ member: true });
  });

  it("gets no map, relays nothing and may not say where it is", async () => {
    const [one, two] = [fixture.client(carol), await fixture.member(alice)];
    await one.join(fixture.coordinator);
    one.send("relay", { nid: two.nid, datagram: Buffer.from("x") });
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_NOT_MEMBER" });
    one.send("endpoints", { endpoints: [] });
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_NOT_MEMBER" });
    expect(one.messages.some((message) => message.kind === "items" || message.kind === "presence")).toBe(false);
    expect(two.messages.some((message) => message.kind === "relayed")).toBe(false);
    expect((await fixture.coordinator.status()).counters["message.refused.guest"]).toBe(2);
  });

  it("is cut off when it submits too much", async () => {
    const one = fixture.client(carol);
    await one.join(fixture.coordinator);
    for (let count = 0; count < 9; count += 1) one.send("submit", { id: count, items: [stranger.grant] });
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_QUOTA" });
    await one.ended();
  });

  it("is no member under a name whose key it does not have", async () => {
    await fixture.coordinator.submit(alice.keys);
    const one = fixture.client(alice);
    await one.open(fixture.coordinator, deriveTunnelKeys(mallory.seed).ctl);
    const { head } = view;
    const hello = { nid: one.nid, instance: one.instance, release: "test", mapVersion: 0, store: "" };
    one.send("hello", { v: 1, head, ...hello });
    expect(await one.next("welcome")).toMatchObject({ member: false });
  });
});

describe("a member", () => {
  it("gets a change at once, as a delta", async () => {
    const one = await fixture.member(alice);
    const before = performance.now();
    await fixture.coordinator.submit(carol.grant);
    const { items, mapVersion } = await one.delta();
    expect(performance.now() - before).toBeLessThan(1000);
    expect(items).toEqual([carol.grant]);
    expect(mapVersion).toBe((await fixture.coordinator.status()).mapVersion);
  });

  it("gets only what changed when it comes back, and everything when the store is another", async () => {
    const one = await fixture.member(alice);
    const { store, mapVersion } = await fixture.coordinator.status().then(async (status) => {
      const welcome = one.messages.find((message) => message.kind === "welcome");
      return { ...status, store: welcome?.kind === "welcome" ? welcome.body.store : "" };
    });
    one.close();
    await fixture.coordinator.submit(carol.grant);
    const again = fixture.client(alice);
    await again.join(fixture.coordinator, { store, mapVersion });
    expect((await again.delta()).items).toEqual([carol.grant]);
    const other = fixture.client(bob);
    await fixture.coordinator.submit(bob.keys);
    await other.join(fixture.coordinator, { store: "another", mapVersion });
    expect((await other.delta()).items).toHaveLength(6);
  });

  it("is closed at once when it is revoked, and does not come back", async () => {
    const [one, two] = [await fixture.member(alice), await fixture.member(bob)];
    const before = performance.now();
    const revoke = logItem(view, { type: "node.revoke", nid: alice.nid, seq: 1 });
    await fixture.coordinator.submit(revoke);
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_NOT_MEMBER" });
    await one.ended();
    expect(performance.now() - before).toBeLessThan(1000);
    for (let items: unknown[] = []; !JSON.stringify(items).includes("node.revoke"); ) items = (await two.delta()).items;
    const again = fixture.client(alice);
    expect(await again.join(fixture.coordinator)).toMatchObject({ member: false });
    expect((await again.submit(alice.keys))[0]?.accepted).toBe(false);
  });

  it("answers pings and ignores messages of a later release", async () => {
    const one = await fixture.member(alice);
    one.sendPlain(Uint8Array.of(0x7f, 1, 2, 3));
    one.send("ping", { id: 42 });
    expect(await one.next("pong")).toEqual({ id: 42 });
    expect((await fixture.coordinator.status()).counters["message.refused.unknown"]).toBe(1);
  });

  it("is told when the coordinator stops, which ends cleanly", async () => {
    const one = await fixture.member(alice);
    const exit = fixture.coordinator.stop("SIGTERM");
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_STOPPING" });
    await one.ended();
    expect(await exit).toBe(0);
  });
});

describe("two agents of one node", () => {
  it("are an alarm: the one that came later is refused, the first one stays", async () => {
    const one = await fixture.member(alice);
    const clone = fixture.client(alice);
    await expect(clone.join(fixture.coordinator)).rejects.toThrow();
    expect(await clone.next("notice")).toMatchObject({ code: "TM_COORDINATION_CLONE" });
    await clone.ended();
    one.send("ping", { id: 1 });
    await one.next("pong");
    expect((await fixture.coordinator.status()).counters["clone.refused"]).toBe(1);
  });

  it("are none when the first is dead or the same agent comes again", async () => {
    const one = await fixture.member(alice);
    const same = fixture.client(alice);
    same.instance = one.instance;
    expect(await same.join(fixture.coordinator)).toMatchObject({ member: true });
    await one.ended();
    same.pause();
    const restarted = fixture.client(alice);
    await restarted.join(fixture.coordinator);
    expect((await fixture.coordinator.status()).connected).toEqual([alice.nid]);
    expect((await fixture.coordinator.status()).counters["clone.refused"]).toBeUndefined();
  });
});
