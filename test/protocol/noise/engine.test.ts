// The engine's own rules: whose turn it is, what a state needs, and what erasing leaves.
import { describe, expect, it } from "vitest";
import {
  eraseHandshake,
  type HandshakeState,
  handshakeKeys,
  isFinished,
  readMessage,
  startHandshake,
  withPsks,
  writeMessage,
} from "../../../protocol/noise/handshake.ts";
import { basePatterns, patternOf } from "../../../protocol/noise/patterns.ts";
import { bytesOf, keysOf } from "./bytes.ts";

const none = new Uint8Array(0);
const prologue = new TextEncoder().encode("engine");
const [local, remote] = [keysOf("local"), keysOf("remote")];

function start(name: string): [HandshakeState, HandshakeState] {
  const pattern = patternOf(name);
  return [
    startHandshake({ pattern, role: "initiator", prologue, local, remoteStatic: remote.publicKey }),
    startHandshake({ pattern, role: "responder", prologue, local: remote }),
  ];
}

function write(state: HandshakeState, ephemeral = bytesOf("ephemeral")) {
  const written = writeMessage(state, none, ephemeral);
  return written.ok ? written : expect.unreachable(written.reason);
}

describe("turns", () => {
  it("a role may not write or read when the other is to write", () => {
    const [initiator, responder] = start("IK");
    const outOfTurn = { ok: false, reason: "out-of-turn" };
    expect(writeMessage(responder, none, bytesOf("e"))).toEqual(outOfTurn);
    expect(readMessage(initiator, new Uint8Array(200))).toEqual(outOfTurn);
    expect(writeMessage(write(initiator).state, none, bytesOf("e"))).toEqual(outOfTurn);
  });

  it("keys exist only at the end, and nothing is written after it", () => {
    const [initiator, responder] = start("NK");
    expect(() => handshakeKeys(initiator)).toThrow(RangeError);
    const first = write(initiator);
    const read = readMessage(responder, first.message);
    if (!read.ok) return expect.unreachable(read.reason);
    const second = write(read.state);
    expect(isFinished(second.state)).toBe(true);
    expect(isFinished(first.state)).toBe(false);
    expect(writeMessage(second.state, none, bytesOf("e"))).toEqual({ ok: false, reason: "out-of-turn" });
  });

  it("a psk that never came is a refusal", () => {
    const [initiator, responder] = start("IKpsk2");
    const read = readMessage(responder, write(initiator).message);
    if (!read.ok) return expect.unreachable(read.reason);
    expect(writeMessage(read.state, none, bytesOf("e"))).toEqual({ ok: false, reason: "out-of-turn" });
    expect(writeMessage(withPsks(read.state, [bytesOf("psk")]), none, bytesOf("e")).ok).toBe(true);
  });

  it("an initiator without a static key cannot run IK", () => {
    const pattern = patternOf("IK");
    const state = startHandshake({ pattern, role: "initiator", prologue, remoteStatic: remote.publicKey });
    expect(writeMessage(state, none, bytesOf("e"))).toEqual({ ok: false, reason: "out-of-turn" });
  });
});

it("another prologue, psk or static key ends in an authentication failure", () => {
  const [initiator] = start("IK");
  const { message } = write(initiator);
  const pattern = patternOf("IK");
  for (const options of [
    { prologue: none, local: remote },
    { prologue, local: keysOf("somebody") },
  ]) {
    const responder = startHandshake({ pattern, role: "responder", ...options });
    expect(readMessage(responder, message)).toEqual({ ok: false, reason: "authentication" });
  }
  const psk0 = patternOf("IKpsk0");
  const withPsk = { pattern: psk0, prologue, local, remoteStatic: remote.publicKey, psks: [bytesOf("psk")] };
  const first = write(startHandshake({ ...withPsk, role: "initiator" }));
  const other = startHandshake({ ...withPsk, role: "responder", local: remote, psks: [bytesOf("other")] });
  expect(readMessage(other, first.message)).toEqual({ ok: false, reason: "authentication" });
});

it("each cut of a message is refused and leaves the state usable", () => {
  const [initiator, responder] = start("IK");
  const { message } = write(initiator);
  for (let length = 0; length < message.length; length += 1) {
    const reason = length < 96 ? "truncated" : "authentication";
    expect(readMessage(responder, message.subarray(0, length)), `${length} bytes`).toEqual({ ok: false, reason });
  }
  expect(readMessage(responder, message).ok).toBe(true);
});

it.each(["ZZ", "IKpsk9", "IKpsk", "psk2", "", "IK psk2", "IKpsk1psk2"])("there is no pattern %j", (name) => {
  expect(() => patternOf(name)).toThrow(RangeError);
});

it("modifiers place their token and change no base pattern", () => {
  expect(patternOf("XXpsk0+psk3").messages).toEqual([
    ["psk", "e"],
    ["e", "ee", "s", "es"],
    ["s", "se", "psk"],
  ]);
  expect(basePatterns["XX"]?.messages[0]).toEqual(["e"]);
});

it("a state cannot start without the keys its pattern knows, or with a short psk", () => {
  const pattern = patternOf("IK");
  expect(() => startHandshake({ pattern, role: "initiator", prologue, local })).toThrow(RangeError);
  expect(() => startHandshake({ pattern, role: "responder", prologue })).toThrow(RangeError);
  expect(() => withPsks(start("IKpsk2")[0], [new Uint8Array(31)])).toThrow(RangeError);
});

it("erasing zeroes the secrets and spares static key and hash", () => {
  const [initiator] = start("IK");
  const { state } = write(initiator);
  const hash = state.symmetric.hash.slice();
  eraseHandshake(state);
  const secrets = [state.symmetric.chainingKey, state.symmetric.key!, state.ephemeral!.privateKey];
  for (const secret of secrets) expect(secret.every((byte) => byte === 0)).toBe(true);
  expect(state.symmetric.hash).toEqual(hash);
  expect(state.local?.privateKey).toEqual(bytesOf("local"));
});
