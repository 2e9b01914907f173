// Cookies as a session keeps them: bound to one message, used while fresh, never afterwards.
import { describe, expect, it } from "vitest";
import { createCookieReply } from "../../../protocol/wireguard/cookie.ts";
import { carriesMac2, verifyMac2 } from "../../../protocol/wireguard/macs.ts";
import { Pair } from "./pair.ts";

const cookie = new Uint8Array(16).fill(7);

/** A left side whose initiations go nowhere. */
function asking(): Pair {
  const pair = new Pair();
  pair.passes = () => false;
  pair.left.send(0);
  pair.settle();
  return pair;
}

function lastInitiation(pair: Pair): Uint8Array {
  const last = pair.tapped.findLast(({ sent }) => sent.kind === "initiation")?.sent;
  if (last?.kind !== "initiation") throw new Error("no initiation was sent");
  return last.bytes;
}

function replyTo(pair: Pair, message: Uint8Array): Uint8Array {
  const { profile, local } = pair.right.peer;
  return createCookieReply(profile, { localPublicKey: local.publicKey, message, cookie, nonce: new Uint8Array(24) });
}

const giveReply = (pair: Pair, message: Uint8Array): void =>
  pair.left.give({ kind: "cookieReply", message: replyTo(pair, message) }, pair.now);

describe("a cookie", () => {
  it("is in the next initiation, which is not sent before its time", () => {
    const pair = asking();
    giveReply(pair, lastInitiation(pair));
    expect(pair.left.count("sendInitiation")).toBe(1);
    pair.advance(6_000);
    expect(pair.left.count("sendInitiation")).toBe(2);
    expect(verifyMac2(cookie, lastInitiation(pair))).toBe(true);
  });

  it("is taken once for each message", () => {
    const pair = asking();
    const reply = replyTo(pair, lastInitiation(pair));
    pair.left.give({ kind: "cookieReply", message: reply }, 0);
    pair.left.give({ kind: "cookieReply", message: reply }, 0);
    expect(pair.left.refusals()).toEqual(["cookie"]);
    expect(pair.left.state.cookie?.value).toEqual(cookie);
  });

  it("that answers a message before the last is refused", () => {
    const pair = asking();
    const first = lastInitiation(pair);
    pair.advance(6_000);
    giveReply(pair, first);
    expect(pair.left.refusals()).toEqual(["cookie"]);
    expect(pair.left.state.cookie).toBeUndefined();
  });

  it("is used for 115 s and no longer, as its maker forgets it at 120", () => {
    const pair = asking();
    giveReply(pair, lastInitiation(pair));
    const proven = (until: number): boolean => {
      pair.advance(until - pair.now, () => pair.left.send(pair.now));
      return carriesMac2(lastInitiation(pair));
    };
    expect(proven(114_000)).toBe(true);
    expect(proven(122_000)).toBe(false);
  });

  it("is in the responder's answer where that was asked for one", () => {
    const pair = new Pair();
    pair.passes = (_from, { kind }) => kind !== "response";
    pair.left.send(0);
    pair.settle();
    const response = pair.tapped.findLast(({ sent }) => sent.kind === "response")?.sent;
    if (response?.kind !== "response") throw new Error("no response was sent");
    const { profile, local } = pair.left.peer;
    const input = { localPublicKey: local.publicKey, message: response.bytes, cookie, nonce: new Uint8Array(24) };
    pair.right.give({ kind: "cookieReply", message: createCookieReply(profile, input) }, 0);
    pair.advance(6_000);
    const again = pair.tapped.findLast(({ sent }) => sent.kind === "response")?.sent;
    expect(again?.kind === "response" && again !== response && verifyMac2(cookie, again.bytes)).toBe(true);
  });
});
