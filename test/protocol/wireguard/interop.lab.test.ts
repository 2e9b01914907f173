// The tunnel's bytes against the official wireguard-go: handshake, ping, psk and cookies, in both roles.
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type KeyPair, keyPairOf } from "../../../protocol/noise/primitives.ts";
import { classify } from "../../../protocol/wireguard/classify.ts";
import { consumeCookieReply } from "../../../protocol/wireguard/cookie.ts";
import { decodeData, openData, padTo16, sealData } from "../../../protocol/wireguard/data.ts";
import {
  consumeInitiation,
  consumeResponse,
  createInitiation,
  createResponse,
} from "../../../protocol/wireguard/handshake.ts";
import { controlProfile, tunnelProfile as profile } from "../../../protocol/wireguard/profile.ts";
import { encodeTimestamp } from "../../../protocol/wireguard/tai64n.ts";
import { toHex } from "../noise/bytes.ts";
import { decodeEcho, encodeEcho } from "./icmp.ts";
import { Oracle, oracleInner, oraclePort } from "./oracle.ts";
import { DatagramQueue } from "./socket.ts";

const oracle = new Oracle();
const oracleKeys = keyPairOf(random(32));
const quiet = 1500;
let socket: DatagramQueue;
let local: KeyPair;
let psk: Uint8Array;
let inner: string;
let peers = 1;

beforeAll(() => oracle.start(oracleKeys.privateKey));
afterAll(() => oracle.stop());

beforeEach(async () => {
  socket = await DatagramQueue.bind(oracle.ours);
  local = keyPairOf(random(32));
  psk = random(32);
  peers += 1;
  inner = `198.18.201.${peers}`;
});
afterEach(() => socket.close());

describe("we initiate", () => {
  it("pings through it and reads the answer", async () => {
    oracle.addPeer({ publicKey: local.publicKey, psk, allowedIp: inner });
    const { message, pending } = initiate();
    send(message);
    const finished = consumeResponse(profile, pending, local, psk, await receive());
    if (!finished.ok) return expect.unreachable(finished.reason);
    const payload = random(99);
    const echo = { source: inner, destination: oracleInner, id: 7, sequence: 1, payload };
    send(
      sealData(profile, finished.keys.send, finished.remoteIndex, 0, padded(encodeEcho({ ...echo, type: "request" }))),
    );
    const datagram = await receive();
    expect(decodeData(profile.types.data, datagram)).toMatchObject({ receiverIndex: 77, counter: 0 });
    const opened = openData(profile, finished.keys.receive, datagram);
    expect(opened?.length).toBe(128);
    expect(decodeEcho(opened!)).toEqual({ ...echo, type: "reply", source: oracleInner, destination: inner });
  });

  it("is not answered with the same initiation twice", async () => {
    oracle.addPeer({ publicKey: local.publicKey, psk, allowedIp: inner });
    const { message } = initiate();
    send(message);
    expect((await receive()).length).toBe(92);
    send(message);
    expect(await socket.next(quiet)).toBeUndefined();
  });

  it("refuses its answer when the psk differs", async () => {
    oracle.addPeer({ publicKey: local.publicKey, psk, allowedIp: inner });
    const { message, pending } = initiate();
    send(message);
    const finished = consumeResponse(profile, pending, local, random(32), await receive());
    expect(finished).toEqual({ ok: false, reason: "authentication" });
  });

  it("is ignored with a bad mac1, and as a peer it does not know", async () => {
    send(initiate().message);
    expect(await socket.next(quiet)).toBeUndefined();
    oracle.addPeer({ publicKey: local.publicKey, psk, allowedIp: inner });
    const forged = initiate().message.slice();
    forged[116] = forged[116]! ^ 1;
    send(forged);
    expect(await socket.next(quiet)).toBeUndefined();
  });
});

it("drops peer control without an answer, and goes on", async () => {
  oracle.addPeer({ publicKey: local.publicKey, psk, allowedIp: inner });
  const control = createInitiation(controlProfile, {
    local,
    remoteStatic: oracleKeys.publicKey,
    ephemeral: random(32),
    timestamp: encodeTimestamp(Date.now()),
    senderIndex: 78,
  });
  if (!control.ok) return expect.unreachable(control.reason);
  send(control.message);
  expect(await socket.next(quiet)).toBeUndefined();
  send(initiate().message);
  expect((await receive()).length).toBe(92);
});

describe("it initiates", () => {
  it("is answered, and its ping comes through", async () => {
    oracle.addPeer({ publicKey: local.publicKey, psk, allowedIp: inner, port: socket.port });
    const answered = oracle.ping(inner, 10);
    const { keys, remoteIndex } = await respond(psk);
    const datagram = await receiveData();
    const echo = decodeEcho(openData(profile, keys.receive, datagram) ?? new Uint8Array(0));
    if (echo === undefined) return expect.unreachable("no echo request");
    expect(echo).toMatchObject({ type: "request", source: oracleInner, destination: inner });
    const reply = encodeEcho({ ...echo, type: "reply", source: inner, destination: oracleInner });
    send(sealData(profile, keys.send, remoteIndex, 0, padded(reply)));
    expect(await answered).toBe(true);
  });

  it("sends nothing on a session made with another psk", async () => {
    oracle.addPeer({ publicKey: local.publicKey, psk, allowedIp: inner, port: socket.port });
    const answered = oracle.ping(inner, 2);
    await respond(random(32));
    expect(await answered).toBe(false);
    const next = await socket.next(quiet);
    if (next !== undefined) expect(classify(next).kind).toBe("initiation");
  });
});

it("under load it hands out a cookie that we can read and that it then accepts", async () => {
  oracle.addPeer({ publicKey: local.publicKey, psk, allowedIp: inner });
  const { message, pending } = initiate();
  const flood = Array.from({ length: 200 }, () => initiate(keyPairOf(random(32))).message);
  let cookie: Uint8Array | undefined;
  for (let round = 0; round < 60 && cookie === undefined; round += 1) {
    for (const datagram of flood) send(datagram);
    send(message);
    for (let reply = await socket.next(20); reply !== undefined; reply = await socket.next(20)) {
      cookie ??= consumeCookieReply(profile, oracleKeys.publicKey, pending.mac1, reply);
    }
  }
  if (cookie === undefined) return expect.unreachable("no cookie came");
  expect(cookie).toHaveLength(16);
  for (const datagram of flood) send(datagram);
  const proven = initiate(local, cookie);
  send(proven.message);
  for (let reply = await socket.next(2000); reply !== undefined; reply = await socket.next(2000)) {
    const finished = consumeResponse(profile, proven.pending, local, psk, reply);
    if (finished.ok) return;
  }
  expect.unreachable("no answer to an initiation with a cookie");
});

function initiate(by: KeyPair = local, cookie?: Uint8Array) {
  const created = createInitiation(profile, {
    local: by,
    remoteStatic: oracleKeys.publicKey,
    ephemeral: random(32),
    timestamp: encodeTimestamp(Date.now()),
    senderIndex: 77,
    cookie,
  });
  if (!created.ok) return expect.unreachable(created.reason);
  return created;
}

/** Answers the oracle's initiation with `presharedKey`. */
async function respond(presharedKey: Uint8Array) {
  const consumed = consumeInitiation(profile, local, await receive());
  if (!consumed.ok) return expect.unreachable(consumed.reason);
  expect(toHex(consumed.received.remoteStatic)).toBe(toHex(oracleKeys.publicKey));
  const input = { ephemeral: random(32), psk: presharedKey, senderIndex: 5 };
  const created = createResponse(profile, consumed.received, input);
  if (!created.ok) return expect.unreachable(created.reason);
  send(created.message);
  return { keys: created.keys, remoteIndex: consumed.received.senderIndex };
}

function send(datagram: Uint8Array): void {
  socket.send(datagram, oraclePort, oracle.theirs);
}

async function receive(): Promise<Uint8Array> {
  return (await socket.next(5000)) ?? expect.unreachable("no datagram from wireguard-go");
}

/** The next packet that is more than a keepalive. */
async function receiveData(): Promise<Uint8Array> {
  const datagram = await receive();
  return datagram.length > 32 ? datagram : receiveData();
}

function padded(packet: Uint8Array): Uint8Array {
  const plaintext = new Uint8Array(padTo16(packet.length, 1420));
  plaintext.set(packet);
  return plaintext;
}

function random(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}
