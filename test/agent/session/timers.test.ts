// Each row of WireGuard's table of timers and limits in virtual time (WireGuard paper §6).
import { describe, expect, it } from "vitest";
import { jitter } from "../../../agent/session/jitter.ts";
import { rekeyAfterMessages, rekeyJitter } from "../../../agent/session/limits.ts";
import { counterLimit } from "../../../protocol/wireguard/replay.ts";
import { Pair } from "./pair.ts";

/** A pair whose left side made the session at time 0. */
function established(persistentKeepalive?: number): Pair {
  const pair = new Pair(undefined, persistentKeepalive);
  pair.left.send(0);
  pair.settle();
  return pair;
}

const firstWords = (pair: Pair, from: "left" | "right") =>
  pair.tapped.filter((one) => one.from === pair[from]).map(({ sent }) => sent.kind);

describe("message counts", () => {
  it("start a rekey by either side at the limit, not before, and never reach the end of the counter", () => {
    for (const side of ["left", "right"] as const) {
      const pair = established();
      pair.right.send(0);
      pair.settle();
      const before = pair[side].count("sendInitiation");
      pair.now = 6_000;
      pair[side].give({ kind: "sent", data: true, counter: rekeyAfterMessages - 1 }, pair.now);
      expect(pair[side].count("sendInitiation")).toBe(before);
      pair[side].give({ kind: "sent", data: true, counter: rekeyAfterMessages }, pair.now);
      expect(pair[side].count("sendInitiation")).toBe(before + 1);
    }
    expect(rekeyAfterMessages).toBeLessThan(counterLimit);
  });
});

describe("the responder of a session", () => {
  it("never rekeys by time, neither by sending nor by receiving", () => {
    const pair = established();
    pair.passes = (from) => from === pair.right;
    for (let second = 1; second < 180; second += 1) {
      pair.now = second * 1_000;
      pair.right.send(pair.now);
      const localIndex = pair.right.state.current?.localIndex;
      if (localIndex !== undefined) pair.right.give({ kind: "received", localIndex, data: true }, pair.now);
    }
    expect(pair.right.count("sendInitiation")).toBe(0);
  });
});

describe("REKEY_TIMEOUT", () => {
  it("is a floor after an initiation and after a response, and what came too early is made up for", () => {
    const pair = established();
    expect(pair.right.count("sendResponse")).toBe(1);
    pair.now = 4_000;
    pair.right.give({ kind: "start", force: true }, pair.now);
    pair.left.give({ kind: "start", force: true }, pair.now);
    expect(pair.right.count("sendInitiation")).toBe(0);
    expect(pair.left.count("sendInitiation")).toBe(1);
    pair.passes = () => false;
    pair.advance(900);
    expect(pair.right.count("sendInitiation")).toBe(0);
    pair.advance(200);
    expect(pair.right.count("sendInitiation")).toBe(1);
    expect(pair.left.count("sendInitiation")).toBe(2);
  });

  it("has a jitter of 0 to 333 ms", () => {
    const context = (low: number, high: number) => ({
      now: 0,
      wall: 0,
      random: () => Uint8Array.of(low, high),
      freshIndex: () => 0,
    });
    expect(jitter(context(0, 0))).toBe(0);
    expect(jitter(context(255, 255))).toBeLessThan(rekeyJitter);
    expect(jitter(context(255, 255))).toBeGreaterThan(333);
  });

  it("each retransmission is new: ephemeral, index and timestamp", () => {
    const pair = new Pair();
    pair.passes = () => false;
    pair.left.send(0);
    pair.advance(12_000);
    const messages = pair.tapped.flatMap(({ sent }) => (sent.kind === "initiation" ? [sent.bytes] : []));
    expect(messages.length).toBe(3);
    for (const [from, to] of [
      [4, 8],
      [8, 40],
      [88, 116],
    ] as const) {
      expect(new Set(messages.map((bytes) => Buffer.from(bytes.subarray(from, to)).toString("hex"))).size).toBe(3);
    }
  });
});

describe("a dead peer", () => {
  it("is asked after 15 s and jitter of unanswered data, and not when anything came back", () => {
    const pair = established();
    pair.advance(20_000);
    const before = pair.left.count("sendInitiation");
    pair.passes = () => false;
    pair.left.send(pair.now);
    pair.advance(14_900);
    expect(pair.left.count("sendInitiation")).toBe(before);
    pair.advance(500);
    expect(pair.left.count("sendInitiation")).toBe(before + 1);
  });

  it("is none whose handshake message came in", () => {
    const pair = established();
    pair.advance(20_000);
    pair.passes = (from) => from === pair.right;
    pair.left.send(pair.now);
    pair.advance(14_000);
    expect(pair.left.state.deadPeerAt).toBeDefined();
    pair.right.give({ kind: "start", force: true }, pair.now);
    pair.settle();
    expect(pair.left.count("sendResponse")).toBe(1);
    expect(pair.left.state.deadPeerAt).toBeUndefined();
  });
});

describe("passive keepalives", () => {
  it("are two where data came a second time before the first", () => {
    const pair = established();
    pair.advance(12_000);
    const before = pair.right.count("keepalive");
    pair.left.send(pair.now);
    pair.settle();
    pair.advance(5_000);
    pair.left.send(pair.now);
    pair.settle();
    pair.advance(5_100);
    expect(pair.right.count("keepalive")).toBe(before + 1);
    pair.advance(10_100);
    expect(pair.right.count("keepalive")).toBe(before + 2);
    pair.advance(30_000);
    expect(pair.right.count("keepalive")).toBe(before + 2);
  });

  it("do not answer keepalives, and are put off by data and by handshakes of one's own", () => {
    const pair = established();
    pair.advance(12_000);
    const before = pair.right.count("keepalive");
    pair.left.send(pair.now);
    pair.settle();
    pair.advance(9_000);
    pair.right.send(pair.now);
    pair.settle();
    pair.advance(9_000);
    expect(pair.right.count("keepalive")).toBe(before);
    const quiet = established();
    quiet.advance(12_000);
    const count = quiet.tapped.length;
    quiet.advance(100_000);
    expect(quiet.tapped.length).toBe(count);
  });
});

describe("zeroing", () => {
  it("counts 540 s from the last session, takes every secret and leaves the peer able to start", () => {
    const pair = established();
    pair.passes = () => false;
    pair.left.give({ kind: "start", force: true }, 100_000);
    const { handshake } = pair.left.state;
    if (handshake.kind !== "initiated") return expect.unreachable("no handshake");
    const { symmetric, ephemeral } = handshake.pending.state;
    pair.now = 100_000;
    pair.advance(440_100);
    expect(pair.left.state).toMatchObject({ handshake: { kind: "none" }, current: undefined, previous: undefined });
    expect(pair.left.installed.size).toBe(0);
    for (const secret of [symmetric.chainingKey, symmetric.key!, ephemeral!.privateKey]) {
      expect(secret.every((byte) => byte === 0)).toBe(true);
    }
    pair.passes = () => true;
    pair.left.send(pair.now);
    pair.settle();
    expect(pair.left.count("established")).toBe(2);
  });

  it("is armed by giving up too, when no session was ever made", () => {
    const pair = new Pair();
    pair.passes = () => false;
    pair.left.send(0);
    pair.advance(100_000);
    expect(pair.left.count("gaveUp")).toBe(1);
    expect(pair.left.state.zeroAt).toBeGreaterThan(600_000);
  });
});

describe("a persistent keepalive", () => {
  it("goes out after that much silence either way, and is put off by packets of both sides", () => {
    const pair = established(25_000);
    pair.advance(24_000);
    const before = pair.left.count("keepalive");
    pair.right.send(pair.now);
    pair.settle();
    // The right side's data makes a passive keepalive after 10 s; then 25 s of silence.
    pair.advance(10_500);
    expect(pair.left.count("keepalive")).toBe(before + 1);
    pair.advance(24_000);
    expect(pair.left.count("keepalive")).toBe(before + 1);
    pair.advance(1_000);
    expect(pair.left.count("keepalive")).toBe(before + 2);
    expect(pair.right.count("keepalive")).toBe(1);
  });

  it("makes a new session where there is none, for ever", () => {
    const pair = established(25_000);
    pair.passes = () => false;
    pair.advance(400_000);
    expect(pair.left.installed.size).toBe(0);
    pair.passes = () => true;
    pair.advance(30_000);
    expect(pair.left.state.current).toBeDefined();
    expect(firstWords(pair, "right").at(-1)).toBe("response");
  });
});
