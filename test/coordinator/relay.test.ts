// The relay: opaque datagrams between connected members, bounded by quota and queue, refusals counted by reason.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RelayQueue } from "../../coordinator/wire/relay-queue.ts";
import type { NodeId } from "../../protocol/brand.ts";
import { relayDatagramLimit } from "../../protocol/coordination/frame.ts";
import { logItem } from "../protocol/trust/mesh.ts";
import type { Client } from "./client.ts";
import { alice, bob, carol, genesis, useCoordinator, view } from "./fixture.ts";
import { memoryOf } from "./memory.ts";

const everything = [genesis, alice.grant, bob.grant, carol.grant];
const nobody = "ab".repeat(32) as NodeId;
const relayed = (client: Client): number => client.messages.filter((message) => message.kind === "relayed").length;
/** Everything that `client` sent before has been handled when this resolves. */
async function settle(client: Client): Promise<void> {
  client.send("ping", { id: 0 });
  await client.next("pong");
}

describe("the relay", () => {
  const fixture = useCoordinator(everything);

  it("carries datagrams of every size both ways, byte for byte, and says who sent them", async () => {
    const [one, two] = [await fixture.member(alice), await fixture.member(bob)];
    for (const size of [1, 148, 1452, 9000, relayDatagramLimit]) {
      const datagram = randomBytes(size);
      one.send("relay", { nid: bob.nid, datagram });
      const there = await two.next("relayed");
      expect(there.nid).toBe(alice.nid);
      expect(Buffer.from(there.datagram).equals(datagram)).toBe(true);
      two.send("relay", { nid: alice.nid, datagram: there.datagram });
      expect(Buffer.from((await one.next("relayed")).datagram).equals(datagram)).toBe(true);
    }
    const { counters } = await fixture.coordinator.status();
    expect(counters["relay.frames"]).toBe(10);
    expect(counters["relay.bytes"]).toBe(2 * (1 + 148 + 1452 + 9000 + relayDatagramLimit));
  });

  it("refuses and counts what is for nobody, for oneself or for a stranger", async () => {
    const one = await fixture.member(alice);
    const datagram = Buffer.from("x");
    one.send("relay", { nid: alice.nid, datagram });
    one.send("relay", { nid: bob.nid, datagram });
    one.send("relay", { nid: nobody, datagram });
    await settle(one);
    const { counters } = await fixture.coordinator.status();
    expect(counters).toMatchObject({
      "relay.refused.self": 1,
      "relay.refused.offline": 1,
      "relay.refused.stranger": 1,
    });
    expect(counters["relay.frames"]).toBeUndefined();
  });

  it("stops for a member that is revoked", async () => {
    const [one, two] = [await fixture.member(alice), await fixture.member(bob)];
    await fixture.coordinator.submit(logItem(view, { type: "node.revoke", nid: bob.nid, seq: 1 }));
    await two.ended();
    one.send("relay", { nid: bob.nid, datagram: Buffer.from("x") });
    await settle(one);
    expect((await fixture.coordinator.status()).counters["relay.refused.stranger"]).toBe(1);
    expect(relayed(two)).toBe(0);
  });
});

describe("the relay to a receiver that does not read", () => {
  // A quota far above the flood: what is refused here is refused by the queue.
  const fixture = useCoordinator(everything, "test", ["--relay-mbit", "10000"]);

  it("bounds what waits and drops the oldest", async () => {
    const [one, two] = [await fixture.member(alice), await fixture.member(bob)];
    await settle(two);
    two.pause();
    const frame = Buffer.alloc(1400);
    const before = await memoryOf(fixture.coordinator.pid);
    for (let round = 0; round < 40; round += 1) {
      for (let count = 0; count < 250; count += 1) {
        frame.writeUInt32BE(round * 250 + count);
        one.send("relay", { nid: bob.nid, datagram: Buffer.from(frame) });
      }
      await settle(one);
    }
    const { counters } = await fixture.coordinator.status();
    expect(counters["relay.refused.queue"]).toBeGreaterThan(1000);
    expect((await memoryOf(fixture.coordinator.pid)) - before).toBeLessThan(200 << 20);
    two.resume();
    const arrived = (): number[] =>
      two.messages.flatMap((message) =>
        message.kind === "relayed" ? [Buffer.from(message.body.datagram).readUInt32BE()] : [],
      );
    await expect.poll(() => arrived().at(-1), { timeout: 5000 }).toBe(9999);
    const numbers = arrived();
    expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
  });
});

describe("the relay's quota", () => {
  const fixture = useCoordinator(everything, "test", ["--relay-mbit", "1"]);

  it("cuts one member to its rate and leaves others alone", async () => {
    const [one, two, three] = [await fixture.member(alice), await fixture.member(bob), await fixture.member(carol)];
    const datagram = Buffer.alloc(1000);
    for (let count = 0; count < 300; count += 1) one.send("relay", { nid: bob.nid, datagram });
    await settle(one);
    three.send("relay", { nid: bob.nid, datagram: Buffer.from("calm") });
    await settle(three);
    await settle(two);
    const { counters } = await fixture.coordinator.status();
    expect(counters["relay.refused.quota"]).toBeGreaterThan(150);
    expect(relayed(two)).toBeGreaterThan(60);
    expect(relayed(two)).toBeLessThan(150);
    const last = two.messages.findLast((message) => message.kind === "relayed");
    expect(last?.kind === "relayed" && last.body.nid).toBe(carol.nid);
  });
});

describe("the relay queue", () => {
  it("keeps the newest frames within both bounds, in order", () => {
    const operation = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constant("take" as const));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
        const queue = new RelayQueue(16, 1000);
        let model: Uint8Array[] = [];
        let dropped = 0;
        for (const [index, one] of operations.entries()) {
          if (one === "take") {
            expect(queue.shift()).toBe(model.shift());
            continue;
          }
          const frame = new Uint8Array(one).fill(index);
          model.push(frame);
          const bytes = (): number => model.reduce((sum, each) => sum + each.length, 0);
          while (model.length > 16 || (bytes() > 1000 && model.length > 1)) {
            model = model.slice(1);
            dropped += 1;
          }
          dropped -= queue.push(frame);
          expect([queue.length, queue.bytes]).toEqual([model.length, bytes()]);
        }
        expect(dropped).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
