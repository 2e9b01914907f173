// What a session machine refuses: replayed, old and too frequent handshakes, foreign answers and cookies.
import { describe, expect, it } from "vitest";
import { Pair } from "./pair.ts";

function initiations(pair: Pair) {
  return pair.tapped.filter(({ sent }) => sent.kind === "initiation");
}

describe("an initiation", () => {
  it("is refused the second time, and nothing changes", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    const [first] = initiations(pair);
    const before = pair.right.state;
    pair.now = 1_000;
    pair.deliver(pair.right, first!.sent);
    expect(pair.right.refusals()).toEqual(["oldTimestamp"]);
    expect(pair.right.state).toEqual(before);
  });

  it("is refused from a clock that went back, for other sides too", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    const other = new Pair();
    other.left.skew = -60_000;
    other.left.send(0);
    other.passes = () => false;
    other.settle();
    pair.now = 5_000;
    pair.deliver(pair.right, initiations(other)[0]!.sent);
    expect(pair.right.refusals()).toEqual(["oldTimestamp"]);
  });

  it("carries a later timestamp each time, even when the sender's clock stands still", () => {
    const pair = new Pair();
    pair.passes = () => false;
    pair.left.send(0);
    pair.settle();
    for (let number = 1; number < 10; number += 1) {
      pair.left.skew = -6_000 * number;
      pair.now += 6_000;
      pair.left.give({ kind: "time" }, pair.now);
    }
    pair.settle();
    pair.passes = () => true;
    for (const [index, { sent }] of initiations(pair).entries()) {
      pair.now += index * 100;
      pair.deliver(pair.right, sent);
    }
    expect(initiations(pair).length).toBe(10);
    expect(pair.right.refusals()).toEqual([]);
  });

  it("is refused within 20 ms of the last one", () => {
    const [one, other] = [new Pair(), new Pair()];
    other.left.skew = 5_000;
    one.left.send(0);
    one.settle();
    other.passes = () => false;
    other.left.send(0);
    other.settle();
    one.now = 10;
    one.deliver(one.right, initiations(other)[0]!.sent);
    expect(one.right.refusals()).toEqual(["initiationFlood"]);
    one.now = 30;
    one.deliver(one.right, initiations(other)[0]!.sent);
    expect(one.right.refusals()).toEqual(["initiationFlood"]);
    expect(one.right.count("sendResponse")).toBe(2);
  });
});

describe("a response", () => {
  it("to nothing, or the same one twice, is refused", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    const response = pair.tapped.find(({ sent }) => sent.kind === "response");
    pair.deliver(pair.left, response!.sent);
    expect(pair.left.refusals()).toEqual(["noHandshake"]);
  });

  it("that is damaged does not end the handshake", () => {
    const pair = new Pair();
    pair.passes = (_from, sent) => sent.kind !== "response";
    pair.left.send(0);
    pair.settle();
    const response = pair.tapped.find(({ sent }) => sent.kind === "response")!.sent;
    if (response.kind !== "response") throw new Error("a response was expected");
    const damaged = Uint8Array.from(response.bytes);
    damaged[50] = damaged[50]! ^ 1;
    pair.deliver(pair.left, { kind: "response", bytes: damaged });
    expect(pair.left.refusals()).toEqual(["mac1"]);
    pair.deliver(pair.left, response);
    expect(pair.left.count("established")).toBe(1);
  });
});

describe("a cookie reply", () => {
  it("that answers nothing of ours is refused", () => {
    const pair = new Pair();
    pair.left.give({ kind: "cookieReply", message: new Uint8Array(64) }, 0);
    pair.left.send(0);
    pair.left.give({ kind: "cookieReply", message: new Uint8Array(64) }, 1);
    expect(pair.left.refusals()).toEqual(["cookie", "cookie"]);
    expect(pair.left.state.cookie).toBeUndefined();
  });
});
