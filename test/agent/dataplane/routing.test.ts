// Cryptokey routing and the reading of inner packets.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readInner } from "../../../agent/dataplane/inner.ts";
import { RoutingTable } from "../../../agent/dataplane/routing.ts";
import { addressNumber } from "../../../protocol/addresses/parse.ts";
import { parseNodeId } from "../../../protocol/brand.ts";

const [a, b, c] = ["a", "b", "c"].map((digit) => parseNodeId(digit.repeat(64))) as [never, never, never];

function find(table: RoutingTable, address: string): unknown {
  const family = address.includes(":") ? 6 : 4;
  const hex = addressNumber(address)
    .toString(16)
    .padStart(family === 4 ? 8 : 32, "0");
  return table.find(family, Buffer.from(hex, "hex"), 0);
}

describe("a routing table", () => {
  const table = new RoutingTable([
    { nid: a, allowedIps: ["100.64.0.1", "fd00::1", "10.0.0.0/8", "nonsense", "10.0.0.1/8"] },
    { nid: b, allowedIps: ["10.1.0.0/16", "fd00::/48", "10.0.0.0/8"] },
    { nid: c, allowedIps: ["10.1.2.0/23", "0.0.0.0/0"] },
  ]);

  it("prefers the longest prefix", () => {
    expect(find(table, "10.1.3.4")).toBe(c);
    expect(find(table, "10.1.4.4")).toBe(b);
    expect(find(table, "10.2.0.0")).toBe(a);
    expect(find(table, "100.64.0.1")).toBe(a);
    expect(find(table, "8.8.8.8")).toBe(c);
    expect(find(table, "fd00::1")).toBe(a);
    expect(find(table, "fd00::2")).toBe(b);
  });

  it("knows no owner where there is none", () => {
    expect(find(table, "fd01::1")).toBeUndefined();
    expect(find(new RoutingTable([]), "10.0.0.1")).toBeUndefined();
  });

  it("agrees with a search through all ranges", () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.nat(0xffff), fc.integer({ min: 16, max: 32 }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), fc.nat(0xffff), (ranges, low) => {
        const text = (number: number): string =>
          [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join(".");
        const parsed = ranges.map(([owner, bits, prefix]) => {
          const mask = prefix === 32 ? 0xffffffff : ~(0xffffffff >>> prefix) >>> 0;
          return { nid: [a, b, c][owner]!, first: ((0x0a000000 | bits) & mask) >>> 0, mask, prefix };
        });
        const table = new RoutingTable(
          parsed.map((one) => ({ nid: one.nid, allowedIps: [`${text(one.first)}/${one.prefix}`] })),
        );
        const address = (0x0a000000 | low) >>> 0;
        const matches = parsed.filter((one) => (address & one.mask) >>> 0 === one.first);
        const longest = matches.reduce<(typeof matches)[number] | undefined>(
          (best, one) => (best === undefined || one.prefix > best.prefix ? one : best),
          undefined,
        );
        expect(find(table, text(address))).toBe(longest?.nid);
      }),
      { numRuns: 200 },
    );
  });
});

describe("an inner packet", () => {
  it("is read only when its header is whole and its length fits", () => {
    const four = new Uint8Array(28);
    four[0] = 0x45;
    four[3] = 24;
    expect(readInner(four)).toEqual({ family: 4, length: 24, sourceOffset: 12, destinationOffset: 16 });
    four[3] = 29;
    expect(readInner(four)).toBeUndefined();
    four[3] = 19;
    expect(readInner(four)).toBeUndefined();
    const six = new Uint8Array(48);
    six[0] = 0x60;
    six[5] = 8;
    expect(readInner(six)?.length).toBe(48);
    six[5] = 9;
    expect(readInner(six)).toBeUndefined();
    expect(readInner(new Uint8Array(0))).toBeUndefined();
  });

  it("never reaches beyond its bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const inner = readInner(bytes);
        expect(inner === undefined || inner.length <= bytes.length).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
