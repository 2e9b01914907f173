// Messages inside the coordinator channel: each kind there and back, golden bytes, and what is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseNodeId } from "../../../protocol/brand.ts";
import {
  type CoordinationBodies,
  type CoordinationKind,
  decodeCoordination,
  encodeCoordination,
  relayDatagramLimit,
} from "../../../protocol/coordination/frame.ts";
import { coordinationKinds } from "../../../protocol/coordination/messages.ts";
import { plaintextLimit } from "../../../protocol/coordination/transport.ts";
import { bytesOf, hex, toHex } from "../noise/bytes.ts";

const nid = parseNodeId(toHex(bytesOf("node")));
const endpoint = { kind: "observed", address: "198.18.0.1", port: 51820 } as const;
const item = { body: "{}", sigs: ["signature"] };

const bodies: CoordinationBodies = {
  hello: {
    v: 1,
    nid,
    instance: "0".repeat(32),
    release: "0.1.0",
    head: { seq: 0, hash: nid },
    mapVersion: 0,
    store: "",
  },
  submit: { id: 1, items: [item] },
  endpoints: { endpoints: [endpoint] },
  relay: { nid, datagram: hex("0102") },
  ping: { id: 7 },
  welcome: { v: 1, member: true, observed: "198.18.0.1", store: "s", mapVersion: 3 },
  items: { items: [item], mapVersion: 3, last: true },
  presence: { replace: true, peers: [{ nid, online: true, endpoints: [endpoint] }] },
  relayed: { nid, datagram: hex("0102") },
  submitted: { id: 1, verdicts: [{ accepted: false, known: false, reason: "why" }] },
  pong: { id: 7 },
  notice: { code: "TM_X", message: "why" },
  prove: { id: 2, tid: "0123456789abcdef", proof: "signature" },
  propose: { id: 3, nid, name: "laptop", exact: true },
  proven: { id: 2, ok: true, time: 1_800_000_000, usesLeft: 1 },
  proposed: { id: 3, ok: false, code: "TM_JOIN_NAME_TAKEN", message: "why", time: 1_800_000_000 },
};

function encodeAny(kind: CoordinationKind): Uint8Array {
  return encodeCoordination(kind, bodies[kind]);
}

it.each(Object.keys(coordinationKinds) as CoordinationKind[])("%s comes back as it went", (kind) => {
  const encoded = encodeAny(kind);
  expect(encoded[0]).toBe(coordinationKinds[kind]);
  expect(decodeCoordination(encoded)).toEqual({ ok: true, message: { kind, body: bodies[kind] } });
});

describe("golden bytes", () => {
  it("ping is its kind and JSON", () => {
    expect(toHex(encodeAny("ping"))).toBe(`05${Buffer.from('{"id":7}').toString("hex")}`);
  });

  it("relay is its kind, the node id and the datagram", () => {
    expect(toHex(encodeAny("relay"))).toBe(`04${nid}0102`);
    expect(toHex(encodeAny("relayed"))).toBe(`84${nid}0102`);
  });
});

describe("refusals", () => {
  const json = (kind: number, text: string) => Uint8Array.of(kind, ...Buffer.from(text));

  it.each([
    ["nothing", new Uint8Array(0), "size", undefined],
    ["a relay frame without a datagram", encodeAny("relay").subarray(0, 33), "size", 4],
    ["more than a frame", new Uint8Array(plaintextLimit + 1).fill(5), "size", 5],
    ["no JSON", json(5, "{"), "json", 5],
    ["no UTF-8", Uint8Array.of(5, 0x22, 0xff, 0x22), "json", 5],
    ["an empty body", Uint8Array.of(5), "json", 5],
    ["a missing field", json(5, "{}"), "schema", 5],
    ["null", json(5, "null"), "schema", 5],
    ["a number out of range", json(5, '{"id":1e400}'), "schema", 5],
    ["a bad node id", json(1, JSON.stringify({ ...bodies.hello, nid: nid.toUpperCase() })), "schema", 1],
    ["no items", json(2, '{"id":1,"items":[]}'), "schema", 2],
  ])("%s", (_name, bytes, reason, code) => {
    expect(decodeCoordination(bytes)).toEqual({ ok: false, reason, code });
  });

  it.each([
    ["of a later release", '{"id":1,"more":2}'],
    ["that is a prototype", '{"id":1,"__proto__":{"id":2}}'],
  ])("a field %s is let go, not refused", (_name, text) => {
    const decoded = decodeCoordination(json(5, text));
    expect(decoded).toEqual({ ok: true, message: { kind: "ping", body: { id: 1 } } });
    if (decoded.ok && decoded.message.kind === "ping") {
      expect(Object.getPrototypeOf(decoded.message.body)).toBe(Object.prototype);
    }
  });

  it("a kind of a later release is a value", () => {
    expect(decodeCoordination(json(0x7f, "{}"))).toEqual({ ok: true, message: { kind: "unknown", code: 0x7f } });
  });
});

it("the longest datagram fits, one byte more does not", () => {
  const datagram = new Uint8Array(relayDatagramLimit);
  const encoded = encodeCoordination("relay", { nid, datagram });
  expect(encoded).toHaveLength(plaintextLimit);
  expect(decodeCoordination(encoded).ok).toBe(true);
  const longer = new Uint8Array(relayDatagramLimit + 1);
  expect(() => encodeCoordination("relay", { nid, datagram: longer })).toThrow(RangeError);
  const large = { body: "x".repeat(64 * 1024), sigs: ["s"] };
  expect(() => encodeCoordination("submit", { id: 1, items: [large] })).toThrow(RangeError);
});

it("survives any bytes behind any kind", () => {
  const kind = fc.constantFrom(...Object.values(coordinationKinds), 0, 0x7f, 0xff);
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.json().map((text) => new Uint8Array(Buffer.from(text))),
  );
  fc.assert(
    fc.property(kind, body, (code, bytes) => {
      const result = decodeCoordination(Uint8Array.of(code, ...bytes));
      if (result.ok && result.message.kind !== "unknown") {
        expect(coordinationKinds[result.message.kind]).toBe(code);
      }
    }),
    { numRuns: 500 },
  );
});
