// Handshakes, rekeying, expiry and loss of a pair of session machines in virtual time.
import { describe, expect, it } from "vitest";
import { usable } from "../../../agent/session/session.ts";
import { controlProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { Pair } from "./pair.ts";

describe.each([tunnelProfile, controlProfile])("a session of the $name profile", (profile) => {
  it("is made by the first packet, which then arrives", () => {
    const pair = new Pair(profile);
    pair.left.send(0);
    pair.settle();
    expect(pair.received).toBe(1);
    expect(usable(pair.left.state, 0) && usable(pair.right.state, 0)).toBe(true);
    expect(pair.left.count("established") + pair.right.count("established")).toBe(2);
  });
});

describe("the responder", () => {
  it("does not send before the first authenticated packet", () => {
    const pair = new Pair();
    pair.passes = (_from, sent) => sent.kind !== "packet";
    pair.left.send(0);
    pair.settle();
    expect(pair.left.selected).toBeDefined();
    expect(pair.right.state.next).toBeDefined();
    expect(pair.right.selected).toBeUndefined();
  });

  it("sends what waited once the initiator has confirmed", () => {
    const pair = new Pair();
    pair.left.give({ kind: "start" }, 0);
    pair.right.state = { ...pair.right.state, staged: [Uint8Array.of(7)] };
    pair.settle();
    expect(pair.right.count("transmit")).toBe(1);
  });
});

describe("rekeying", () => {
  it("is the initiator's, after 120 s and a packet", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    pair.advance(119_000, () => pair.left.send(pair.now));
    expect(pair.left.count("sendInitiation")).toBe(1);
    pair.advance(3_000, () => pair.left.send(pair.now));
    expect(pair.left.count("sendInitiation")).toBe(2);
    expect(pair.right.count("sendInitiation")).toBe(0);
  });

  it("loses no packet over ten minutes of traffic both ways", () => {
    const pair = new Pair();
    let sent = 0;
    pair.left.send(0);
    sent += 1;
    pair.settle();
    pair.advance(600_000, () => {
      pair.left.send(pair.now);
      pair.right.send(pair.now);
      sent += 2;
    });
    const keepalives = pair.tapped.filter(({ sent: one }) => one.kind === "packet" && !one.data).length;
    expect(pair.received - keepalives).toBe(sent);
    expect(pair.left.count("sendInitiation")).toBeLessThan(8);
  });

  it("happens at 165 s where the initiator only receives", () => {
    const pair = new Pair();
    pair.left.give({ kind: "start" }, 0);
    pair.settle();
    // The initiator's passive keepalives would rekey at 120 s: they are sends. Without them the last minute is left.
    pair.passes = (from, sent) => from === pair.right || sent.kind !== "packet";
    for (let second = 1; second <= 166; second += 1) {
      pair.now = second * 1_000;
      pair.right.send(pair.now);
      pair.right.state = { ...pair.right.state, deadPeerAt: undefined };
      pair.settle();
    }
    expect(pair.left.count("sendInitiation")).toBe(2);
    expect(pair.left.state.lastMinuteHandshake).toBe(false);
  });
});

describe("expiry", () => {
  it("takes the key away at 180 s and every secret at 540 s", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    pair.advance(179_900);
    expect(pair.left.installed.size).toBeGreaterThan(0);
    pair.advance(200);
    expect(pair.left.installed.size + pair.right.installed.size).toBe(0);
    expect(pair.left.selected).toBeUndefined();
    expect(pair.left.state.zeroAt).toBe(540_000);
    pair.advance(360_000);
    expect(pair.left.state.zeroAt).toBeUndefined();
  });
});

describe("loss", () => {
  it("repeats a new initiation every 5 s and gives up after 90 s", () => {
    const pair = new Pair();
    pair.passes = () => false;
    pair.left.send(0);
    pair.settle();
    pair.advance(80_000);
    const initiations = pair.tapped.filter(({ sent }) => sent.kind === "initiation");
    expect(initiations.length).toBeGreaterThanOrEqual(15);
    expect(
      new Set(initiations.map(({ sent }) => ("bytes" in sent ? Buffer.from(sent.bytes).toString("hex") : ""))),
    ).toHaveLength(initiations.length);
    pair.advance(20_000);
    expect(pair.left.effects.filter((effect) => effect.kind === "gaveUp")).toEqual([{ kind: "gaveUp", dropped: 1 }]);
    const before = pair.left.count("sendInitiation");
    pair.advance(60_000);
    expect(pair.left.count("sendInitiation")).toBe(before);
    pair.passes = () => true;
    pair.left.send(pair.now);
    pair.settle();
    expect(pair.received).toBe(1);
  });

  it("survives a lost response", () => {
    const pair = new Pair();
    let lost = 0;
    pair.passes = (_from, sent) => sent.kind !== "response" || ++lost > 1;
    pair.left.send(0);
    pair.settle();
    pair.advance(6_000);
    expect(pair.received).toBeGreaterThanOrEqual(1);
    expect(pair.left.count("sendInitiation")).toBe(2);
  });

  it("makes a new session when the other side restarted and is silent", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    const fresh = new Pair().right;
    pair.right.state = fresh.state;
    pair.right.installed.clear();
    pair.right.selected = undefined;
    pair.advance(17_000, () => pair.left.send(pair.now));
    expect(pair.left.count("sendInitiation")).toBe(2);
    expect(usable(pair.right.state, pair.now)).toBe(true);
  });

  it("keeps 128 packets and drops the oldest", () => {
    const pair = new Pair();
    for (let number = 0; number < 130; number += 1) {
      pair.left.give({ kind: "stage", packet: Uint8Array.of(number) }, number);
    }
    expect(pair.left.state.staged.length).toBe(128);
    expect(pair.left.state.staged[0]).toEqual(Uint8Array.of(2));
    expect(pair.left.refusals()).toEqual(["stagedOverflow", "stagedOverflow"]);
  });
});

describe("both sides at once", () => {
  it("end with keys that each accepts from the other", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.right.send(0);
    pair.settle();
    pair.advance(12_000, () => {
      pair.left.send(pair.now);
      pair.right.send(pair.now);
    });
    const before = pair.received;
    pair.left.send(pair.now);
    pair.right.send(pair.now);
    pair.settle();
    expect(pair.received - before).toBe(2);
  });
});

describe("keepalives", () => {
  it("answer data after 10 s of silence, once", () => {
    const pair = new Pair();
    pair.left.send(0);
    pair.settle();
    const before = pair.right.count("keepalive");
    pair.advance(9_900);
    expect(pair.right.count("keepalive")).toBe(before);
    pair.advance(40_000);
    expect(pair.right.count("keepalive")).toBe(before + 1);
    expect(pair.left.count("sendInitiation")).toBe(1);
  });
});
