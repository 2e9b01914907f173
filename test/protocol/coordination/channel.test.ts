// The coordinator channel: agreement, golden frames, what is refused before and after a Diffie-Hellman, the transport's end.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  abandonChannel,
  acceptChannel,
  channelVersion,
  finishChannel,
  handshakeFrameLimit,
  startChannel,
} from "../../../protocol/coordination/channel.ts";
import { ChannelTransport, frameLimit, plaintextLimit } from "../../../protocol/coordination/transport.ts";
import { bytesOf, hex, keysOf, toHex } from "../noise/bytes.ts";

const agent = keysOf("agent control");
const coordinator = keysOf("coordinator");
const meshId = bytesOf("mesh");
const payload = new TextEncoder().encode("0.1.0");

function open(mesh = meshId) {
  const started = startChannel({
    local: agent,
    coordinatorKey: coordinator.publicKey,
    meshId: mesh,
    ephemeral: bytesOf("agent ephemeral"),
    payload,
  });
  return started.ok ? started : expect.unreachable(started.reason);
}

const accept = (message: Uint8Array, local = coordinator, mesh = meshId) =>
  acceptChannel({ local, meshId: mesh, message, ephemeral: bytesOf("coordinator ephemeral") });

function connect() {
  const { message, pending } = open();
  const accepted = accept(message);
  if (!accepted.ok) return expect.unreachable(accepted.reason);
  const finished = finishChannel(pending, accepted.reply);
  if (!finished.ok) return expect.unreachable(finished.reason);
  return { message, accepted, agentSide: finished.transport, coordinatorSide: accepted.transport };
}

describe("handshake", () => {
  it("tells the coordinator who calls and both the same binding", () => {
    const { accepted, agentSide, coordinatorSide } = connect();
    expect(toHex(accepted.remoteStatic)).toBe(toHex(agent.publicKey));
    expect(accepted.payload).toEqual(payload);
    expect(agentSide.channelBinding).toHaveLength(32);
    expect(agentSide.channelBinding).toEqual(coordinatorSide.channelBinding);
  });

  it("has frozen frames", () => {
    const { message, accepted, agentSide } = connect();
    const frame = agentSide.seal(hex("01"));
    expect(message).toEqual(
      hex(`00 435158e310c65f81d90de9fd577ca8ec23fe2a766ced75a77aca103d8596d446
        ac5a6f1cb2f597928c78e39ccd75728684eacb768b5aaeecb64bb22fca0c47ceae0148316c2244fb903e79558c772891
        3902d0ac4567ecc3ecf9c41a0f06ee2b292ee23253 22142da95299fb62dd21f2817bba21fe`),
    );
    expect(accepted.reply).toEqual(
      hex("d66780f6bf9441e8b8b81a802d7122857743fd09318e3253864c899a6dbff75c 7666c79984df5fcbc87030c42c4d88ff"),
    );
    expect(frame).toEqual(hex("55682bda8c1edb40a137dbe79c8ae40aa3"));
  });

  it("is bound to the mesh and to the coordinator's key", () => {
    const { message } = open();
    expect(accept(message, coordinator, bytesOf("another mesh"))).toEqual({ ok: false, reason: "authentication" });
    expect(accept(message, keysOf("another coordinator"))).toEqual({ ok: false, reason: "mac" });
  });

  it("refuses another version and each changed bit, by the MAC", () => {
    const { message } = open();
    for (let index = 0; index < message.length; index += 1) {
      const changed = message.slice();
      changed[index] = changed[index]! ^ 1;
      const reason = index === 0 ? "version" : "mac";
      expect(accept(changed), `byte ${index}`).toEqual({ ok: false, reason });
    }
    expect(message[0]).toBe(channelVersion);
  });

  it("refuses frames that are too short or too long unread", () => {
    const { message } = open();
    for (const length of [0, 1, 100, 112]) {
      expect(accept(message.subarray(0, length))).toEqual({ ok: false, reason: "size" });
    }
    expect(accept(new Uint8Array(handshakeFrameLimit + 1))).toEqual({ ok: false, reason: "size" });
  });

  it("refuses a changed, cut or foreign answer", () => {
    const { message, pending } = open();
    const accepted = accept(message);
    if (!accepted.ok) return expect.unreachable(accepted.reason);
    const { reply } = accepted;
    expect(finishChannel(pending, reply.subarray(0, 31))).toEqual({ ok: false, reason: "truncated" });
    expect(finishChannel(pending, new Uint8Array(handshakeFrameLimit + 1))).toEqual({ ok: false, reason: "size" });
    const changed = reply.slice();
    changed[0] = changed[0]! ^ 1;
    expect(finishChannel(pending, changed)).toEqual({ ok: false, reason: "authentication" });
    const low = reply.slice().fill(0, 0, 32);
    expect(finishChannel(pending, low)).toEqual({ ok: false, reason: "zero-shared-secret" });
    expect(finishChannel(pending, reply).ok).toBe(true);
  });

  it("leaves none of its secrets behind, whether it is answered or not", () => {
    const secretsOf = ({ pending }: ReturnType<typeof open>): readonly (Uint8Array | undefined)[] => {
      const { symmetric, ephemeral } = pending.state;
      return [symmetric.key, symmetric.chainingKey, ephemeral?.privateKey];
    };
    const zero = [new Uint8Array(32), new Uint8Array(32), new Uint8Array(32)];
    const [answered, abandoned] = [open(), open()];
    expect(secretsOf(answered)).not.toContainEqual(new Uint8Array(32));
    const accepted = accept(answered.message);
    expect(accepted.ok && finishChannel(answered.pending, accepted.reply).ok).toBe(true);
    expect(secretsOf(answered)).toEqual(zero);
    abandonChannel(abandoned.pending);
    expect(secretsOf(abandoned)).toEqual(zero);
  });

  it("keeps payloads within the first frame's limit", () => {
    const start = { local: agent, coordinatorKey: coordinator.publicKey, meshId, ephemeral: bytesOf("e") };
    const largest = new Uint8Array(handshakeFrameLimit - 113);
    const started = startChannel({ ...start, payload: largest });
    if (!started.ok) return expect.unreachable(started.reason);
    expect(started.message).toHaveLength(handshakeFrameLimit);
    expect(accept(started.message)).toMatchObject({ ok: true, payload: largest });
    expect(() => startChannel({ ...start, payload: new Uint8Array(largest.length + 1) })).toThrow(RangeError);
    expect(() => startChannel({ ...start, meshId: new Uint8Array(31) })).toThrow(RangeError);
  });

  it("survives any first frame and any answer", () => {
    const { pending } = open();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, versioned) => {
        if (versioned && bytes.length > 0) bytes[0] = channelVersion;
        expect(accept(bytes).ok).toBe(false);
        expect(finishChannel(pending, bytes).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("transport", () => {
  it("carries frames of every size both ways, in order", () => {
    const { agentSide, coordinatorSide } = connect();
    for (const length of [0, 1, 33, 4095, 4096, plaintextLimit]) {
      const plaintext = new Uint8Array(length).fill(length);
      const up = agentSide.seal(plaintext)!;
      expect(up).toHaveLength(length + 16);
      expect(coordinatorSide.open(up)).toEqual(plaintext);
      expect(agentSide.open(coordinatorSide.seal(plaintext)!)).toEqual(plaintext);
    }
    expect(() => agentSide.seal(new Uint8Array(plaintextLimit + 1))).toThrow(RangeError);
  });

  it.each<[string, (frames: Uint8Array[]) => Uint8Array]>([
    ["replayed", (frames) => frames[0]!],
    ["skipped", (frames) => frames[2]!],
    ["changed", (frames) => frames[1]!.map((byte, index) => (index === 3 ? byte ^ 1 : byte))],
    ["cut", (frames) => frames[1]!.subarray(0, 15)],
    ["too long", () => new Uint8Array(frameLimit + 1)],
  ])("is broken for good by a frame that was %s", (_name, pick) => {
    const { agentSide, coordinatorSide } = connect();
    const frames = [1, 2, 3].map((byte) => agentSide.seal(Uint8Array.of(byte))!);
    expect(coordinatorSide.open(frames[0]!)).toEqual(Uint8Array.of(1));
    expect(coordinatorSide.open(pick(frames))).toBeUndefined();
    expect(coordinatorSide.broken).toBe(true);
    expect(coordinatorSide.open(frames[1]!)).toBeUndefined();
    expect(coordinatorSide.seal(Uint8Array.of(1))).toBeUndefined();
  });

  it("does not open its own frames, nor those of a channel with other ephemerals", () => {
    const { agentSide } = connect();
    expect(agentSide.open(agentSide.seal(Uint8Array.of(1))!)).toBeUndefined();
  });

  it("stops before its counter would be used twice", () => {
    const keys = { send: bytesOf("send"), receive: bytesOf("receive"), hash: bytesOf("hash") };
    const last = Number.MAX_SAFE_INTEGER - 1;
    const sender = new ChannelTransport(keys, { sent: last, received: 0 });
    const mirrored = { send: bytesOf("receive"), receive: bytesOf("send"), hash: bytesOf("hash") };
    const receiver = new ChannelTransport(mirrored, { sent: 0, received: last });
    expect(receiver.open(sender.seal(hex("07"))!)).toEqual(hex("07"));
    expect(sender.seal(hex("07"))).toBeUndefined();
    expect(receiver.open(new Uint8Array(17))).toBeUndefined();
    expect(receiver.broken).toBe(true);
  });

  it("forgets its keys when closed", () => {
    const keys = { send: bytesOf("send"), receive: bytesOf("receive"), hash: bytesOf("hash") };
    const transport = new ChannelTransport(keys);
    transport.close();
    expect(transport.seal(hex("07"))).toBeUndefined();
    expect([...keys.send, ...keys.receive].every((byte) => byte === 0)).toBe(true);
  });
});
