// Datagrams sorted by header, data sealed and opened, padding; and the decoders against noise.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify } from "../../../protocol/wireguard/classify.ts";
import { openData, padTo16, sealData } from "../../../protocol/wireguard/data.ts";
import { consumeInitiation } from "../../../protocol/wireguard/handshake.ts";
import { controlProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { bytesOf } from "../noise/bytes.ts";
import { responder, shakeHands } from "./pair.ts";

const key = bytesOf("key");

describe.each([tunnelProfile, controlProfile])("$name", (profile) => {
  it("each kind is known by its type and length", () => {
    const { initiation, response } = shakeHands(profile);
    expect(classify(initiation)).toMatchObject({ kind: "initiation", profile, senderIndex: 0x01020304 });
    expect(classify(response)).toMatchObject({ kind: "response", profile, receiverIndex: 0x01020304 });
    const data = sealData(profile, key, 42, 7, bytesOf("packet"));
    expect(classify(data)).toMatchObject({ kind: "data", profile, receiverIndex: 42, counter: 7 });
    const cookieReply = new Uint8Array(64);
    cookieReply[0] = profile.types.cookieReply;
    expect(classify(cookieReply)).toMatchObject({ kind: "cookieReply", profile, receiverIndex: 0 });
    for (const datagram of [initiation, response, cookieReply]) {
      expect(classify(datagram.subarray(1))).toMatchObject({ kind: "unknown" });
      expect(classify(datagram.subarray(0, -1))).toEqual({ kind: "unknown", reason: "length" });
    }
  });

  it("reserved bytes must be zero", () => {
    const { initiation } = shakeHands(profile);
    for (const index of [1, 2, 3]) {
      const changed = initiation.slice();
      changed[index] = 1;
      expect(classify(changed)).toEqual({ kind: "unknown", reason: "type" });
    }
  });

  it("data opens with its key alone, unchanged, and not as the other profile's", () => {
    const plaintext = bytesOf("packet");
    const data = sealData(profile, key, 42, 7, plaintext);
    expect(openData(profile, key, data)).toEqual(plaintext);
    expect(openData(profile, bytesOf("other key"), data)).toBeUndefined();
    expect(openData(profile === tunnelProfile ? controlProfile : tunnelProfile, key, data)).toBeUndefined();
    for (let index = 8; index < data.length; index += 1) {
      const changed = data.slice();
      changed[index] = changed[index]! ^ 1;
      expect(openData(profile, key, changed), `byte ${index}`).toBeUndefined();
    }
    expect(openData(profile, key, data.subarray(0, 31))).toBeUndefined();
  });

  it("a counter of 2^53 or more is no data", () => {
    const data = sealData(profile, key, 42, Number.MAX_SAFE_INTEGER, bytesOf("packet"));
    expect(classify(data)).toMatchObject({ kind: "data", counter: Number.MAX_SAFE_INTEGER });
    data[14] = 0x20;
    expect(classify(data)).toEqual({ kind: "unknown", reason: "length" });
    expect(() => sealData(profile, key, 42, 2 ** 53, bytesOf("packet"))).toThrow(RangeError);
  });
});

it("reads datagrams that are views into a larger buffer", () => {
  const { initiation } = shakeHands(tunnelProfile);
  const buffer = new Uint8Array(300);
  buffer.set(initiation, 37);
  const view = buffer.subarray(37, 37 + 148);
  expect(classify(view)).toMatchObject({ kind: "initiation", senderIndex: 0x01020304 });
  expect(consumeInitiation(tunnelProfile, responder, view).ok).toBe(true);
});

it("survives any bytes, and calls nothing data that is not", () => {
  const types = [0, 1, 2, 3, 4, 5, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xff];
  const sizes = fc.constantFrom(0, 3, 4, 16, 31, 32, 63, 64, 65, 91, 92, 147, 148, 149, 1500);
  const datagram = fc
    .tuple(
      fc.constantFrom(...types),
      sizes.chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
    )
    .map(([type, bytes]) => {
      if (bytes.length >= 4) bytes.set([type, 0, 0, 0]);
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(datagram, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const found = classify(bytes);
      if (found.kind === "unknown") return;
      const lengths = { initiation: 148, response: 92, cookieReply: 64, data: Math.max(32, bytes.length) };
      expect(bytes.length).toBe(lengths[found.kind]);
      expect(consumeInitiation(found.profile, responder, bytes).ok).toBe(false);
      expect(openData(found.profile, key, bytes)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

it.each([
  [0, 1420, 0],
  [1, 1420, 16],
  [16, 1420, 16],
  [17, 1420, 32],
  [1409, 1420, 1420],
  [1420, 1420, 1420],
  [1421, 1420, 1436],
  [2840, 1420, 2840],
  [5, 0, 16],
])("%d bytes at MTU %d are padded to %d", (length, mtu, padded) => {
  expect(padTo16(length, mtu)).toBe(padded);
});
