// Presence: who is there and where, as hints; told to newcomers at once and to everybody on change, never kept.
import { describe, expect, it } from "vitest";
import { encodePresence, withObserved } from "../../coordinator/wire/presence.ts";
import { decodeCoordination } from "../../protocol/coordination/frame.ts";
import type { Endpoint } from "../../protocol/coordination/messages.ts";
import { plaintextLimit } from "../../protocol/coordination/transport.ts";
import { alice, bob, genesis, useCoordinator } from "./fixture.ts";

const local: Endpoint = { kind: "local", address: "198.18.0.7", port: 51820 };

describe("presence of members", () => {
  const fixture = useCoordinator([genesis, alice.grant, bob.grant]);

  it("is told to newcomers, and to everybody when it changes", async () => {
    const one = await fixture.member(alice);
    one.send("endpoints", { endpoints: [local] });
    await expect
      .poll(() => one.messages.findLast((message) => message.kind === "presence"))
      .toMatchObject({
        body: { replace: false, peers: [{ nid: alice.nid, online: true, endpoints: [local] }] },
      });
    const two = fixture.client(bob);
    await fixture.coordinator.submit(bob.keys);
    await two.join(fixture.coordinator);
    expect(await two.next("presence")).toEqual({
      replace: true,
      peers: [{ nid: alice.nid, online: true, endpoints: [local] }],
    });
    await expect
      .poll(() => JSON.stringify(one.messages.filter((message) => message.kind === "presence")))
      .toContain(bob.nid);
    two.close();
    await expect
      .poll(() => one.messages.findLast((message) => message.kind === "presence"))
      .toMatchObject({
        body: { peers: [{ nid: bob.nid, online: false, endpoints: [] }] },
      });
  });

  it("of one node that changes all the time is told a few times, and in the end as it is", async () => {
    const one = await fixture.member(alice);
    const two = await fixture.member(bob);
    const before = two.messages.length;
    for (let port = 1; port <= 300; port += 1) {
      one.send("endpoints", { endpoints: [{ ...local, port }] });
      if (port % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await expect
      .poll(() => two.messages.findLast((message) => message.kind === "presence"), { timeout: 10_000 })
      .toMatchObject({ body: { peers: [{ nid: alice.nid, endpoints: [{ ...local, port: 300 }] }] } });
    const told = two.messages.slice(before).filter((message) => message.kind === "presence");
    expect(told.length).toBeLessThanOrEqual(9);
  });

  it("is not kept over a restart", async () => {
    const one = await fixture.member(alice);
    one.send("endpoints", { endpoints: [local] });
    one.send("ping", { id: 1 });
    await one.next("pong");
    expect(fixture.coordinator.database().includes(local.address)).toBe(false);
  });
});

describe("presence messages", () => {
  it("carry the observed address only with a port that the node named, and where it means something", () => {
    expect(withObserved([], "203.0.113.7")).toEqual([]);
    expect(withObserved([local], "203.0.113.7")).toEqual([
      local,
      { kind: "observed", address: "203.0.113.7", port: 51820 },
    ]);
    expect(withObserved([local], local.address)).toEqual([local]);
    for (const address of ["127.0.0.1", "::1", "fe80::1", "0.0.0.0", "nonsense"]) {
      expect(withObserved([local], address)).toEqual([local]);
    }
    const full = Array.from({ length: 32 }, (_, index) => ({ ...local, port: index + 1 }));
    expect(withObserved(full, "203.0.113.7")).toHaveLength(32);
  });

  it("fit frames, and the first of a replacement says so even when empty", () => {
    const address = "fd00:1111:2222:3333:4444:5555:6666:7777";
    const endpoints = Array.from({ length: 32 }, (_, index) => ({ kind: "local" as const, address, port: index + 1 }));
    const peers = Array.from({ length: 600 }, (_, index) => ({
      nid: index.toString(16).padStart(64, "0"),
      online: true,
      endpoints,
    }));
    const messages = encodePresence(peers, true);
    expect(messages.every((message) => message.length <= plaintextLimit)).toBe(true);
    const bodies = messages.map((message) => {
      const decoded = decodeCoordination(message);
      if (!decoded.ok || decoded.message.kind !== "presence") throw new Error("no presence");
      return decoded.message.body;
    });
    expect(bodies.flatMap((body) => body.peers)).toEqual(peers);
    expect(bodies.map((body) => body.replace)).toEqual(bodies.map((_, index) => index === 0));
    expect(encodePresence([], true)).toHaveLength(1);
    expect(encodePresence([], false)).toEqual([]);
  });
});
