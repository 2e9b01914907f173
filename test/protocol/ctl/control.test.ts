// Control messages: golden bytes, what is refused, and any bytes at all.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeClients } from "../../../protocol/ctl/clients.ts";
import { type ControlMessage, decodeControl } from "../../../protocol/ctl/control.ts";
import { type Candidate, encodeEndpoints } from "../../../protocol/ctl/endpoints.ts";
import { encodeHead } from "../../../protocol/ctl/head.ts";
import { encodePing } from "../../../protocol/ctl/ping.ts";
import { encodePong } from "../../../protocol/ctl/pong.ts";
import { encodePunch } from "../../../protocol/ctl/punch.ts";
import { bytesOf, hex } from "../noise/bytes.ts";

const transaction = hex("000102030405060708090a0b");
const mapped = "00000000000000000000ffffc6120001";
const wide = "fd000000000000000000000000000001";
const endpoints: readonly Candidate[] = [
  { kind: "local", address: "198.18.0.1", port: 51820, priority: 200 },
  { kind: "observed", address: "fd00::1", port: 258, priority: 0 },
  { kind: "configured", address: "198.18.0.1", port: 1, priority: 255 },
];
const targets = [
  { address: "198.18.0.1", port: 51820 },
  { address: "fd00::1", port: 258 },
];
const hash = bytesOf("head");

const golden: readonly (readonly [name: string, encoded: Uint8Array, bytes: string, decoded: ControlMessage])[] = [
  [
    "ping",
    encodePing(transaction, 3),
    "01 00 000102030405060708090a0b 03",
    { kind: "ping", transaction, path: 3, size: 15 },
  ],
  [
    "ping padded to 20",
    encodePing(transaction, 255, 20),
    "01 00 000102030405060708090a0b ff 0000000000",
    { kind: "ping", transaction, path: 255, size: 20 },
  ],
  [
    "pong over IPv4",
    encodePong(transaction, "198.18.0.1", 51820),
    `02 00 000102030405060708090a0b ${mapped} 6cca`,
    { kind: "pong", transaction, address: "198.18.0.1", port: 51820 },
  ],
  [
    "pong without an address",
    encodePong(transaction, "::", 0),
    `02 00 000102030405060708090a0b ${"00".repeat(16)} 0000`,
    { kind: "pong", transaction, address: "::", port: 0 },
  ],
  [
    "endpoints",
    encodeEndpoints(endpoints),
    `03 00 03  01 ${mapped} 6cca c8  02 ${wide} 0201 00  03 ${mapped} 0100 ff`,
    { kind: "endpoints", endpoints },
  ],
  ["no endpoints", encodeEndpoints([]), "03 00 00", { kind: "endpoints", endpoints: [] }],
  [
    "punch",
    encodePunch(transaction, targets),
    `04 00 000102030405060708090a0b 02 ${mapped} 6cca ${wide} 0201`,
    { kind: "punch", transaction, targets },
  ],
  [
    "head",
    encodeHead(2 ** 40 + 1, hash, 0xfffffffe),
    `05 00 0100000000010000 ${Buffer.from(hash).toString("hex")} feffffff`,
    { kind: "head", seq: 2 ** 40 + 1, hash, generation: 0xfffffffe },
  ],
  [
    "clients",
    encodeClients([
      { nid: "ab".repeat(32) as never, ago: 258.9 },
      { nid: "cd".repeat(32) as never, ago: undefined },
    ]),
    `06 00 02 ${"ab".repeat(32)} 02010000 ${"cd".repeat(32)} ffffffff`,
    {
      kind: "clients",
      clients: [
        { nid: "ab".repeat(32) as never, ago: 258 },
        { nid: "cd".repeat(32) as never, ago: undefined },
      ],
    },
  ],
];

describe("golden bytes", () => {
  it.each(golden)("%s", (_name, encoded, bytes, decoded) => {
    expect(encoded).toEqual(hex(bytes));
    expect(decodeControl(encoded)).toEqual(decoded);
  });

  it("are malformed when cut, or lengthened where there is no padding", () => {
    for (const [name, encoded] of golden) {
      for (let length = 1; length < encoded.length && length !== 15; length += 1) {
        expect(decodeControl(encoded.subarray(0, length)).kind, `${name}, ${length} bytes`).toBe("malformed");
      }
      const longer = new Uint8Array(encoded.length + 1);
      longer.set(encoded);
      expect(decodeControl(longer).kind, name).toBe(name.startsWith("ping") ? "ping" : "malformed");
    }
  });
});

it("an empty plaintext is a keepalive", () => {
  expect(decodeControl(new Uint8Array(0))).toEqual({ kind: "keepalive" });
});

it("an unknown kind or version is a value, not an error", () => {
  expect(decodeControl(hex("0700aabb"))).toEqual({ kind: "unknown", code: 7, version: 0 });
  expect(decodeControl(hex("1000"))).toEqual({ kind: "unknown", code: 0x10, version: 0 });
  const ping = encodePing(transaction, 1);
  ping[1] = 1;
  expect(decodeControl(ping)).toEqual({ kind: "unknown", code: 1, version: 1 });
});

describe("malformed bodies", () => {
  const change = (message: Uint8Array, index: number, value: number): Uint8Array => {
    message[index] = value;
    return message;
  };

  it.each([
    ["endpoints with a kind of none", change(encodeEndpoints(endpoints), 3, 0)],
    ["endpoints with a kind too many", change(encodeEndpoints(endpoints), 3, 4)],
    ["endpoints with another count", change(encodeEndpoints(endpoints), 2, 2)],
    ["endpoints with port 0", encodeEndpoints([{ kind: "local", address: "::1", port: 0, priority: 0 }])],
    [
      "more endpoints than allowed",
      change(new Uint8Array(3 + 33 * 20).fill(1), 2, 33)
        .fill(3, 0, 1)
        .fill(0, 1, 2),
    ],
    ["punch with another count", change(encodePunch(transaction, targets), 14, 3)],
    ["punch with port 0", encodePunch(transaction, [{ address: "::1", port: 0 }])],
    ["clients with another count", change(encodeClients([{ nid: "ab".repeat(32) as never, ago: 0 }]), 2, 2)],
    ["head with a seq of 2^53", change(encodeHead(0, hash, 0), 8, 0x20)],
  ])("%s", (_name, message) => {
    expect(decodeControl(message)).toEqual({ kind: "malformed", code: message[0] });
  });
});

it("encoders refuse what would not fit", () => {
  const short = transaction.subarray(1);
  const many = Array.from({ length: 33 }, () => endpoints[0]!);
  for (const encode of [
    () => encodePing(short, 0),
    () => encodePing(transaction, 256),
    () => encodePing(transaction, 0, 14),
    () => encodePing(transaction, 0, 65536),
    () => encodePong(short, "::", 0),
    () => encodePong(transaction, "::", 65536),
    () => encodeEndpoints(many),
    () => encodeEndpoints([{ ...endpoints[0]!, priority: 256 }]),
    () => encodePunch(transaction, many),
    () => encodeHead(-1, hash, 0),
    () => encodeHead(0, hash.subarray(1), 0),
    () => encodeHead(0, hash, 2 ** 32),
  ]) {
    expect(encode).toThrow(RangeError);
  }
  expect(() => encodePong(transaction, "not an address", 1)).toThrow();
});

it("survives any bytes, and what it reads it writes back", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.tuple(fc.integer({ min: 1, max: 5 }), fc.uint8Array({ maxLength: 100 })).map(([kind, body]) => {
      return Uint8Array.of(kind, 0, ...body);
    }),
    fc.uint8Array({ minLength: 43, maxLength: 43 }).map((body) => Uint8Array.of(3, 0, 2, ...body.subarray(0, 40))),
    fc.uint8Array({ minLength: 44, maxLength: 44 }).map((body) => Uint8Array.of(5, 0, ...body)),
  );
  fc.assert(
    fc.property(bytes, (message) => {
      const decoded = decodeControl(message);
      const again = encode(decoded);
      if (again !== undefined) expect(decodeControl(again)).toEqual(decoded);
    }),
    { numRuns: 500 },
  );
});

function encode(message: ControlMessage): Uint8Array | undefined {
  switch (message.kind) {
    case "ping":
      return encodePing(message.transaction, message.path, message.size);
    case "pong":
      return encodePong(message.transaction, message.address, message.port);
    case "endpoints":
      return encodeEndpoints(message.endpoints);
    case "punch":
      return encodePunch(message.transaction, message.targets);
    case "head":
      return encodeHead(message.seq, message.hash, message.generation);
    default:
      return undefined;
  }
}
