// Fuzzers of what strangers send over UDP and through the channel: tunnel, peer control, coordinator.
import { strict as assert } from "node:assert";
import { readInner } from "../../../agent/dataplane/inner.ts";
import { acceptChannel, finishChannel, startChannel } from "../../../protocol/coordination/channel.ts";
import { decodeCoordination, encodeCoordination } from "../../../protocol/coordination/frame.ts";
import { decodeControl } from "../../../protocol/ctl/control.ts";
import { encodeEndpoints } from "../../../protocol/ctl/endpoints.ts";
import { encodeHead } from "../../../protocol/ctl/head.ts";
import { encodePing } from "../../../protocol/ctl/ping.ts";
import { encodePong } from "../../../protocol/ctl/pong.ts";
import { encodePunch } from "../../../protocol/ctl/punch.ts";
import type { HandshakeState } from "../../../protocol/noise/handshake.ts";
import { blake2s, mac16 } from "../../../protocol/noise/primitives.ts";
import { classify } from "../../../protocol/wireguard/classify.ts";
import { consumeCookieReply, cookieOf, createCookieReply } from "../../../protocol/wireguard/cookie.ts";
import { openData, sealData } from "../../../protocol/wireguard/data.ts";
import { consumeInitiation, consumeResponse } from "../../../protocol/wireguard/handshake.ts";
import { appendMacs } from "../../../protocol/wireguard/macs.ts";
import { controlProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { bytesOf } from "../noise/bytes.ts";
import { initiate, initiator, psk, responder, shakeHands } from "../wireguard/pair.ts";
import type { Fuzzer } from "./run.ts";

const profiles = [tunnelProfile, controlProfile];
const nonce = bytesOf("nonce").subarray(0, 24);
const key = bytesOf("key");
const same = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

const cookieInput = (message: Uint8Array) => ({
  localPublicKey: responder.publicKey,
  message,
  cookie: cookieOf(key, bytesOf("source")),
  nonce,
});
const initiations = profiles.map((profile) => shakeHands(profile).initiation);
const responses = profiles.map((profile) => shakeHands(profile).response);
const cookieReplies = profiles.map((profile, index) => createCookieReply(profile, cookieInput(initiations[index]!)));
const data = profiles.flatMap((profile) =>
  [0, 16, 100].map((length) => sealData(profile, key, 7, length, new Uint8Array(length).fill(0x45))),
);
const lengths = { initiation: 148, response: 92, cookieReply: 64 } as const;

/** Right macs over whatever stands before them: the message gets as far as the cipher. */
const withMacs =
  (receiver: Uint8Array) =>
  (bytes: Uint8Array): Uint8Array => {
    const profile = bytes[0]! >= 0xe0 ? controlProfile : tunnelProfile;
    return appendMacs(profile, receiver, bytes.subarray(0, Math.max(0, bytes.length - 32)));
  };

const pending = profiles.map((profile) => initiate(profile).pending);

/** Reading an answer that fits ends a handshake and erases it: each case gets a copy. */
function copyOf(state: HandshakeState): HandshakeState {
  const { symmetric, ephemeral } = state;
  const { chainingKey, key } = symmetric;
  return {
    ...state,
    symmetric: { ...symmetric, chainingKey: chainingKey.slice(), key: key?.slice() },
    ephemeral: ephemeral && { ...ephemeral, privateKey: ephemeral.privateKey.slice() },
  };
}

function channelMacKey(): Uint8Array {
  return blake2s(new TextEncoder().encode("mac1-tm-coord-v1"), responder.publicKey);
}

const channelStart = startChannel({
  local: initiator,
  coordinatorKey: responder.publicKey,
  meshId: bytesOf("mesh"),
  ephemeral: bytesOf("channel ephemeral"),
  payload: bytesOf("payload"),
});
if (!channelStart.ok) throw new Error(channelStart.reason);
const channelReply = acceptChannel({
  local: responder,
  meshId: bytesOf("mesh"),
  message: channelStart.message,
  ephemeral: bytesOf("reply ephemeral"),
});
if (!channelReply.ok) throw new Error(channelReply.reason);

const item = { body: "{}", sigs: ["signature"] };
const endpoint = { kind: "local", address: "198.18.0.1", port: 51820 } as const;
const nid = "ab".repeat(32);
const coordination = [
  encodeCoordination("hello", {
    v: 1,
    nid,
    instance: "cd".repeat(16),
    release: "1",
    head: { seq: 1, hash: nid },
    mapVersion: 0,
    store: "",
  }),
  encodeCoordination("submit", { id: 1, items: [item] }),
  encodeCoordination("endpoints", { endpoints: [endpoint, { ...endpoint, address: "fd00::1" }] }),
  encodeCoordination("ping", { id: 3 }),
  encodeCoordination("welcome", { v: 1, member: true, observed: "198.18.0.1", store: "s", mapVersion: 2 }),
  encodeCoordination("items", { items: [item, item], mapVersion: 2, last: true }),
  encodeCoordination("presence", { replace: true, peers: [{ nid, online: true, endpoints: [endpoint] }] }),
  encodeCoordination("relay", { nid: nid as never, datagram: bytesOf("datagram") }),
  encodeCoordination("relayed", { nid: nid as never, datagram: bytesOf("datagram") }),
];

const transaction = bytesOf("transaction").subarray(0, 12);
const control = [
  encodePing(transaction, 1),
  encodePing(transaction, 1, 100),
  encodePong(transaction, "198.18.0.1", 9),
  encodeEndpoints([{ ...endpoint, priority: 1 }]),
  encodePunch(transaction, [{ address: "fd00::1", port: 5 }]),
  encodeHead(5, bytesOf("head"), 1),
];

const packets = [
  "4500001c00000000400100007f0000017f00000108000000000000000000000000000000",
  `60000000000811ff${"fd".repeat(32)}0102030405060708`,
];

export const wireFuzzers: readonly Fuzzer[] = [
  {
    name: "datagrams by type",
    golden: [...initiations, ...responses, ...cookieReplies, ...data],
    parse: (bytes) => {
      const message = classify(bytes);
      if (message.kind === "unknown") return false;
      if (message.kind === "data") assert.ok(bytes.length >= 32 && Number.isSafeInteger(message.counter));
      else assert.equal(bytes.length, lengths[message.kind]);
      assert.equal(bytes[1]! | bytes[2]! | bytes[3]!, 0);
      return true;
    },
  },
  {
    name: "initiation",
    golden: initiations,
    repair: withMacs(responder.publicKey),
    parse: (bytes) => {
      const profile = bytes[0] === 0xe1 ? controlProfile : tunnelProfile;
      const consumed = consumeInitiation(profile, responder, bytes);
      // Type and sender index are covered by mac1 alone, which anybody can make: what is encrypted may not differ.
      if (consumed.ok) assert.ok(initiations.some((golden) => same(golden.subarray(8, 116), bytes.subarray(8, 116))));
      return consumed.ok;
    },
  },
  {
    name: "response",
    golden: responses,
    repair: withMacs(initiator.publicKey),
    parse: (bytes) => {
      const index = bytes[0] === 0xe2 ? 1 : 0;
      const { senderIndex, mac1 } = pending[index]!;
      const state = copyOf(pending[index]!.state);
      const consumed = consumeResponse(profiles[index]!, { state, senderIndex, mac1 }, initiator, psk, bytes);
      if (consumed.ok) assert.ok(same(responses[index]!.subarray(8, 60), bytes.subarray(8, 60)));
      return consumed.ok;
    },
  },
  {
    name: "cookie reply",
    golden: cookieReplies,
    parse: (bytes) => {
      const index = bytes[0] === 0xe3 ? 1 : 0;
      const cookie = consumeCookieReply(profiles[index]!, responder.publicKey, pending[index]!.mac1, bytes);
      if (cookie !== undefined) assert.ok(same(cookieReplies[index]!.subarray(8), bytes.subarray(8)));
      return cookie !== undefined;
    },
  },
  {
    name: "transport data",
    golden: data,
    parse: (bytes) => {
      const opened = openData(bytes[0] === 0xe4 ? controlProfile : tunnelProfile, key, bytes);
      if (opened !== undefined) assert.ok(data.some((golden) => same(golden.subarray(8), bytes.subarray(8))));
      return opened !== undefined;
    },
  },
  {
    name: "inner packet",
    golden: packets.map((text) => Uint8Array.from(Buffer.from(text, "hex"))),
    parse: (bytes) => {
      const inner = readInner(bytes);
      if (inner === undefined) return false;
      assert.ok(inner.length >= (inner.family === 4 ? 20 : 40) && inner.length <= bytes.length);
      assert.ok(inner.destinationOffset + (inner.family === 4 ? 4 : 16) <= inner.length);
      return true;
    },
  },
  {
    name: "peer control",
    golden: control,
    parse: (bytes) => {
      const message = decodeControl(bytes);
      if (message.kind === "endpoints") assert.ok(message.endpoints.every(({ port }) => port > 0));
      if (message.kind === "punch") assert.ok(message.targets.length <= 32);
      return message.kind !== "unknown" && message.kind !== "malformed";
    },
  },
  {
    name: "coordination frame",
    golden: coordination,
    parse: (bytes) => {
      const decoded = decodeCoordination(bytes);
      if (!decoded.ok || decoded.message.kind === "unknown") return false;
      const { kind, body } = decoded.message;
      assert.ok(decodeCoordination(encodeCoordination(kind, body as never)).ok);
      return true;
    },
  },
  {
    name: "first frame of the channel",
    golden: [channelStart.message],
    repair: (bytes) => {
      const covered = bytes.subarray(0, Math.max(0, bytes.length - 16));
      return new Uint8Array(Buffer.concat([covered, mac16(channelMacKey(), covered)]));
    },
    parse: (bytes) => {
      const ephemeral = bytesOf("reply ephemeral");
      const accepted = acceptChannel({ local: responder, meshId: bytesOf("mesh"), message: bytes, ephemeral });
      if (accepted.ok) assert.ok(same(channelStart.message, bytes));
      return accepted.ok;
    },
  },
  {
    name: "second frame of the channel",
    golden: [channelReply.reply],
    parse: (bytes) => {
      const finished = finishChannel({ state: copyOf(channelStart.pending.state) }, bytes);
      if (finished.ok) assert.ok(same(channelReply.reply, bytes));
      return finished.ok;
    },
  },
];
