// The handshake between two ends of our own: agreement, refusals, and that nothing is committed too early.
import { describe, expect, it } from "vitest";
import {
  consumeInitiation,
  consumeResponse,
  createInitiation,
  createResponse,
} from "../../../protocol/wireguard/handshake.ts";
import { controlProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { bytesOf, keysOf, toHex } from "../noise/bytes.ts";
import { initiate, initiator, psk, receive, respond, responder, shakeHands, timestamp } from "./pair.ts";

const lowOrder = new Uint8Array(32);

describe.each([tunnelProfile, controlProfile])("$name handshake", (profile) => {
  it("gives both ends the same keys, one per direction", () => {
    const { initiatorKeys, responderKeys } = shakeHands(profile);
    expect(toHex(initiatorKeys.send)).toBe(toHex(responderKeys.receive));
    expect(toHex(initiatorKeys.receive)).toBe(toHex(responderKeys.send));
    expect(toHex(initiatorKeys.send)).not.toBe(toHex(initiatorKeys.receive));
  });

  it("tells the responder who initiates, when, and with which index", () => {
    const received = receive(profile, initiate(profile).message);
    expect(toHex(received.remoteStatic)).toBe(toHex(initiator.publicKey));
    expect(toHex(received.timestamp)).toBe(toHex(timestamp));
    expect(received.senderIndex).toBe(0x01020304);
  });

  it("fails at the initiator when the psk differs, and the pending handshake lives on", () => {
    const { message, pending } = initiate(profile);
    const wrong = respond(profile, message, bytesOf("another psk"));
    expect(consumeResponse(profile, pending, initiator, psk, wrong.message)).toEqual({
      ok: false,
      reason: "authentication",
    });
    expect(consumeResponse(profile, pending, initiator, psk, respond(profile, message).message).ok).toBe(true);
  });

  it("refuses an initiation for another key by its mac1", () => {
    const { message } = initiate(profile);
    expect(consumeInitiation(profile, keysOf("somebody else"), message)).toEqual({ ok: false, reason: "mac1" });
  });

  it("refuses a response to another index, before looking further", () => {
    const { message, pending } = initiate(profile);
    const { message: response } = respond(profile, message);
    const other = { ...pending, senderIndex: pending.senderIndex + 1 };
    expect(consumeResponse(profile, other, initiator, psk, response)).toEqual({ ok: false, reason: "index" });
  });

  it("refuses every flipped bit of an initiation and of a response, mac2 aside", () => {
    const { message, pending } = initiate(profile);
    const { message: response } = respond(profile, message);
    for (let index = 0; index < message.length - 16; index += 1) {
      const changed = message.slice();
      changed[index] = changed[index]! ^ (1 << (index % 8));
      expect(consumeInitiation(profile, responder, changed).ok, `initiation byte ${index}`).toBe(false);
    }
    for (let index = 0; index < response.length - 16; index += 1) {
      const changed = response.slice();
      changed[index] = changed[index]! ^ (1 << (index % 8));
      expect(consumeResponse(profile, pending, initiator, psk, changed).ok, `response byte ${index}`).toBe(false);
    }
  });

  it("refuses every other length as malformed", () => {
    const { message, pending } = initiate(profile);
    const { message: response } = respond(profile, message);
    for (const length of [0, 1, 3, 4, 91, 93, 147]) {
      expect(consumeInitiation(profile, responder, message.subarray(0, length))).toMatchObject({ reason: "malformed" });
    }
    const long = new Uint8Array(149);
    long.set(message);
    expect(consumeInitiation(profile, responder, long)).toMatchObject({ reason: "malformed" });
    for (const length of [0, 4, 60, 91]) {
      const cut = response.subarray(0, length);
      expect(consumeResponse(profile, pending, initiator, psk, cut)).toMatchObject({ reason: "malformed" });
    }
  });

  it("refuses a remote key of low order", () => {
    const input = { local: initiator, remoteStatic: lowOrder, ephemeral: bytesOf("e"), timestamp, senderIndex: 1 };
    expect(createInitiation(profile, input)).toEqual({ ok: false, reason: "zero-shared-secret" });
  });

  it("leaves nothing of its secrets behind once it is answered and finished", () => {
    const { message, pending } = initiate(profile);
    const received = receive(profile, message);
    const ephemeral = bytesOf("r");
    const created = createResponse(profile, received, { ephemeral, psk, senderIndex: 9 });
    if (!created.ok) return expect.unreachable(created.reason);
    const finished = consumeResponse(profile, pending, initiator, psk, created.message);
    if (!finished.ok) return expect.unreachable(finished.reason);
    const secrets = [received.state, pending.state].flatMap(({ symmetric, ephemeral: pair }) => [
      symmetric.chainingKey,
      symmetric.key!,
      ...(pair === undefined ? [] : [pair.privateKey]),
    ]);
    expect(secrets).toHaveLength(5);
    for (const secret of [...secrets, ephemeral]) expect(secret.every((byte) => byte === 0)).toBe(true);
    expect(toHex(finished.keys.send)).toBe(toHex(created.keys.receive));
    expect(finished.keys.send.some((byte) => byte !== 0)).toBe(true);
  });

  it("keeps what it needs when an answer is forged", () => {
    const { message, pending } = initiate(profile);
    const answer = respond(profile, message).message;
    expect(consumeResponse(profile, pending, initiator, bytesOf("other psk"), answer).ok).toBe(false);
    expect(consumeResponse(profile, pending, initiator, psk, answer).ok).toBe(true);
  });
});

it("the profiles do not read each other's messages", () => {
  const { message } = initiate(tunnelProfile);
  expect(consumeInitiation(controlProfile, responder, message)).toMatchObject({ reason: "malformed" });
  const disguised = message.slice();
  disguised[0] = controlProfile.types.initiation;
  expect(consumeInitiation(controlProfile, responder, disguised)).toMatchObject({ reason: "mac1" });
});

/** A thief of the responder's static key must not pass as another initiator: the fault of a second `es` for `se`. */
it("a stolen responder key does not let anyone impersonate an initiator to it", () => {
  const { message } = initiate(tunnelProfile);
  const received = receive(tunnelProfile, message);
  const created = createResponse(tunnelProfile, received, { ephemeral: bytesOf("r"), psk, senderIndex: 9 });
  if (!created.ok) return expect.unreachable(created.reason);
  // The thief knows responder.privateKey, the psk and the initiator's ephemeral, but not initiator.privateKey.
  const { pending } = initiate(tunnelProfile);
  const thief = { ...pending, state: { ...pending.state, local: keysOf("thief") } };
  const attempt = consumeResponse(tunnelProfile, thief, initiator, psk, created.message);
  expect(attempt).toEqual({ ok: false, reason: "authentication" });
});
