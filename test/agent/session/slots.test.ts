// The three key slots: what each side may send and accept with, and when a key goes.
import { describe, expect, it } from "vitest";
import { endRetirement, retire } from "../../../agent/session/retire.ts";
import { Pair, type Side } from "./pair.ts";

function rekeyed(): Pair {
  const pair = new Pair();
  pair.left.send(0);
  pair.settle();
  pair.advance(121_000, () => pair.left.send(pair.now));
  expect(pair.left.count("sendInitiation")).toBe(2);
  return pair;
}

const indexesOf = ({ state: { previous, current, next } }: Side): (number | undefined)[] =>
  [previous, current, next].map((pair) => pair?.localIndex);

describe("after a rekey", () => {
  it("packets under the key before are still accepted, and new ones go under the new key", () => {
    const pair = rekeyed();
    for (const [side, other] of [
      [pair.left, pair.right],
      [pair.right, pair.left],
    ] as const) {
      const [previous, current, next] = indexesOf(side);
      expect([previous, current]).not.toContain(undefined);
      expect(next).toBeUndefined();
      expect(side.selected).toBe(current);
      const before = pair.received;
      pair.deliver(side, { kind: "packet", receiverIndex: previous!, data: true });
      expect(pair.received).toBe(before + 1);
      // A late packet does not make the old key the current one again.
      expect(side.selected).toBe(current);
      expect(other.installed.size).toBe(2);
    }
  });

  it("the key before the last is gone with the next rekey", () => {
    const pair = rekeyed();
    const [oldest] = indexesOf(pair.left);
    pair.advance(122_000, () => pair.left.send(pair.now));
    expect(pair.left.count("sendInitiation")).toBe(3);
    expect(pair.left.installed.has(oldest!)).toBe(false);
    expect([pair.left.installed.size, pair.right.installed.size]).toEqual([2, 2]);
  });
});

describe("a responder whose new key is not confirmed", () => {
  it("sends under the old one, accepts under both, and drops the one before the old after 3 s", () => {
    const pair = rekeyed();
    const [oldest, current] = indexesOf(pair.right);
    pair.passes = (_from, { kind }) => kind !== "response";
    pair.left.give({ kind: "start", force: true }, pair.now + 6_000);
    pair.now += 6_000;
    pair.settle();
    const [previous, still, next] = indexesOf(pair.right);
    expect([previous, still, pair.right.selected]).toEqual([undefined, current, current]);
    expect(next).toBeDefined();
    expect(pair.right.installed.has(oldest!)).toBe(true);
    pair.right.give({ kind: "time" }, pair.now + 3_000);
    expect(pair.right.installed.has(oldest!)).toBe(false);
    expect([...pair.right.installed.keys()].toSorted()).toEqual([current!, next!].toSorted());
    pair.deliver(pair.right, { kind: "packet", receiverIndex: next!, data: false });
    expect(pair.right.selected).toBe(next);
    expect(indexesOf(pair.right)).toEqual([current, next, undefined]);
  });
});

describe("a key that was replaced", () => {
  it("by handshakes that both sides began at once takes what was on its way, for 3 s", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    pair.advance(30_000);
    const old = [pair.left, pair.right].map((side) => side.selected);
    for (const side of [pair.left, pair.right]) side.give({ kind: "start", force: true }, pair.now);
    pair.settle();
    for (const [index, side] of [pair.left, pair.right].entries()) {
      const late = { kind: "packet", receiverIndex: old[index]!, data: true } as const;
      expect(indexesOf(side)).not.toContain(late.receiverIndex);
      const { received } = pair;
      const selected = side.selected;
      pair.deliver(side, late);
      expect(pair.received).toBe(received + 1);
      expect(side.selected).toBe(selected);
    }
    pair.advance(2_900);
    expect(pair.left.installed.has(old[0]!)).toBe(true);
    pair.advance(200);
    expect([pair.left.installed.has(old[0]!), pair.right.installed.has(old[1]!)]).toEqual([false, false]);
  });

  it("makes room for the next: two are kept, and none longer than it lives", () => {
    const keys = [1, 2, 3, 4].map((localIndex) => ({ localIndex, createdAt: 0, initiator: true }));
    const first = retire([], keys.slice(0, 1), 100);
    const { retired, effects } = retire(first.retired, [keys[1], undefined, keys[2], keys[3]], 179_000);
    expect(retired).toEqual([3, 4].map((localIndex) => ({ localIndex, until: 180_000 })));
    expect(effects).toEqual([1, 2].map((localIndex) => ({ kind: "removeKeys", localIndex })));
    expect(endRetirement(retired, 179_999).effects).toEqual([]);
    expect(endRetirement(retired, 180_000)).toMatchObject({
      retired: [],
      effects: [{ localIndex: 3 }, { localIndex: 4 }],
    });
  });
});

describe("the last minute of a key", () => {
  it("starts one series of handshakes for all that is received in it", () => {
    const pair = new Pair();
    pair.left.give({ kind: "start" }, 0);
    pair.settle();
    const [, current] = indexesOf(pair.left);
    pair.passes = () => false;
    for (pair.now = 165_100; pair.now < 180_000; pair.now += 100) {
      pair.left.give({ kind: "received", localIndex: current!, data: false }, pair.now);
      pair.left.give({ kind: "time" }, pair.now);
    }
    // At 165 s, and what a lost answer costs: one every 5 s and a bit.
    expect(pair.left.count("sendInitiation")).toBe(1 + 3);
    expect(pair.left.state.lastMinuteHandshake).toBe(true);
  });
});
