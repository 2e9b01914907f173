// Reports of several threads: whatever comes first, the session hears last what happened last.
import fc from "fast-check";
import { expect, it } from "vitest";
import { TrafficOrder } from "../../../../agent/dataplane/native/traffic-order.ts";
import { parseNodeId } from "../../../../protocol/brand.ts";

const peer = parseNodeId("a".repeat(64));
const path = { kind: "direct", address: "198.18.0.1", port: 1 } as const;
const sent = (at: number) => ({ kind: "sent", peer, data: true, counter: at, bytes: 100, at }) as const;
const received = (at: number) => ({ kind: "received", peer, localIndex: 1, data: true, bytes: 100, path, at }) as const;

it("tells again what was told too early, and nothing else", () => {
  const order = new TrafficOrder();
  expect(order.noteSent(sent(1))).toBeUndefined();
  expect(order.noteReceived(received(2))).toBeUndefined();
  expect(order.noteReceived(received(5))).toBeUndefined();
  expect(order.noteSent(sent(4))).toEqual(received(5));
  expect(order.noteSent(sent(6))).toBeUndefined();
  order.keep(new Set());
  expect(order.noteSent(sent(3))).toBeUndefined();
});

it("ends with what happened last, in whatever order reports come", () => {
  const report = fc.record({ at: fc.nat(1_000_000), isSent: fc.boolean() });
  const unlike = fc.uniqueArray(report, { minLength: 1, selector: ({ at }) => at });
  fc.assert(
    fc.property(unlike, (reports) => {
      const order = new TrafficOrder();
      let last = "";
      for (const { at, isSent } of reports) {
        last = isSent ? "sent" : "received";
        const later = isSent ? order.noteSent(sent(at)) : order.noteReceived(received(at));
        if (later !== undefined) last = later.kind;
      }
      const newest = reports.reduce((a, b) => (a.at > b.at ? a : b));
      expect(last).toBe(newest.isSent ? "sent" : "received");
    }),
  );
});
