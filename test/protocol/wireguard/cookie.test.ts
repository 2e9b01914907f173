// mac1, mac2 and cookies: who can make them, and for what they are good.
import { describe, expect, it } from "vitest";
import {
  consumeCookieReply,
  cookieOf,
  createCookieReply,
  datagramSource,
  relaySource,
} from "../../../protocol/wireguard/cookie.ts";
import { consumeInitiation } from "../../../protocol/wireguard/handshake.ts";
import { appendMacs, carriesMac2, mac1Of, verifyMac1, verifyMac2 } from "../../../protocol/wireguard/macs.ts";
import { controlProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { bytesOf, keysOf, toHex } from "../noise/bytes.ts";
import { initiate, initiator, respond, responder } from "./pair.ts";

const secret = bytesOf("cookie secret");
const source = datagramSource(Uint8Array.of(198, 18, 0, 1), 51820);
const nonce = bytesOf("nonce").subarray(0, 24);

describe.each([tunnelProfile, controlProfile])("$name", (profile) => {
  const { message, pending } = initiate(profile);
  const cookie = cookieOf(secret, source);
  const reply = createCookieReply(profile, { localPublicKey: responder.publicKey, message, cookie, nonce });

  it("mac1 is for one receiver", () => {
    expect(verifyMac1(profile, responder.publicKey, message)).toBe(true);
    expect(verifyMac1(profile, initiator.publicKey, message)).toBe(false);
    expect(verifyMac1(profile, initiator.publicKey, respond(profile, message).message)).toBe(true);
  });

  it("a right mac1 over a wrong body gets as far as the cipher and no further", () => {
    for (const index of [8, 40, 87, 88, 115]) {
      const head = message.slice(0, 116);
      head[index] = head[index]! ^ 1;
      const forged = appendMacs(profile, responder.publicKey, head);
      expect(verifyMac1(profile, responder.publicKey, forged)).toBe(true);
      expect(consumeInitiation(profile, responder, forged)).toEqual({ ok: false, reason: "authentication" });
    }
  });

  it("an ephemeral of low order is refused though its mac1 is right", () => {
    const head = message.slice(0, 116);
    head.fill(0, 8, 40);
    const forged = appendMacs(profile, responder.publicKey, head);
    expect(consumeInitiation(profile, responder, forged)).toEqual({ ok: false, reason: "zero-shared-secret" });
  });

  it("a cookie reply opens for the message it answers, and proves the source", () => {
    const opened = consumeCookieReply(profile, responder.publicKey, pending.mac1, reply);
    expect(opened && toHex(opened)).toBe(toHex(cookie));
    const again = initiate(profile, opened).message;
    expect(verifyMac2(cookieOf(secret, source), again)).toBe(true);
    expect(consumeInitiation(profile, responder, again).ok).toBe(true);
  });

  it("without a cookie mac2 is zero, and proves nothing", () => {
    expect(message.subarray(132).every((byte) => byte === 0)).toBe(true);
    expect(verifyMac2(cookie, message)).toBe(false);
    expect([carriesMac2(message), carriesMac2(initiate(profile, cookie).message)]).toEqual([false, true]);
  });

  it("mac2 is for one source, port and secret", () => {
    const again = initiate(profile, cookie).message;
    const others = [
      cookieOf(secret, datagramSource(Uint8Array.of(198, 18, 0, 2), 51820)),
      cookieOf(secret, datagramSource(Uint8Array.of(198, 18, 0, 1), 51821)),
      cookieOf(bytesOf("next secret"), source),
      cookieOf(secret, relaySource(bytesOf("node"))),
    ];
    for (const other of others) expect(verifyMac2(other, again)).toBe(false);
  });

  it("a forged, foreign, stale or cut cookie reply is not accepted", () => {
    const accept = (mac1: Uint8Array, bytes: Uint8Array, from = responder.publicKey) =>
      consumeCookieReply(profile, from, mac1, bytes);
    expect(accept(mac1Of(respond(profile, message).message), reply)).toBeUndefined();
    expect(accept(pending.mac1, reply, keysOf("somebody").publicKey)).toBeUndefined();
    expect(accept(pending.mac1, reply.subarray(0, 63))).toBeUndefined();
    for (let index = 8; index < 64; index += 1) {
      const changed = reply.slice();
      changed[index] = changed[index]! ^ 0x10;
      expect(accept(pending.mac1, changed), `byte ${index}`).toBeUndefined();
    }
  });
});

it("sources are told apart by address, port and kind", () => {
  expect(toHex(datagramSource(Uint8Array.of(1, 2, 3, 4), 0x1234))).toBe("010203043412");
  expect(toHex(relaySource(bytesOf("node")))).toBe(`72656c6179${toHex(bytesOf("node"))}`);
});
