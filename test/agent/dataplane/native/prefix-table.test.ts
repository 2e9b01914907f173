// Both routing tables give the same owner for every address.
import fc from "fast-check";
import { expect, it } from "vitest";
import { PrefixTable } from "../../../../agent/dataplane/native/prefix-table.ts";
import { RoutingTable } from "../../../../agent/dataplane/routing.ts";
import { parseNodeId } from "../../../../protocol/brand.ts";

const owners = ["a", "b", "c", "d"].map((digit) => parseNodeId(digit.repeat(64)));

function mask(value: number, bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? value >>> 0 : (value & (-1 << (32 - bits))) >>> 0;
}

it("finds what the table of the portable data plane finds", () => {
  const bits = fc.constantFrom(0, 0x0a010203, 0x0a010200, 0x0a020000, 0xffff_ffff, 0x6440_0001);
  const range4 = fc.record({ owner: fc.nat(3), value: bits, prefix: fc.integer({ min: 0, max: 32 }) });
  const words = fc.tuple(bits, bits, bits, bits);
  const range6 = fc.record({ owner: fc.nat(3), words, prefix: fc.integer({ min: 0, max: 128 }) });
  const text6 = (list: readonly number[]): string =>
    list.map((word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`).join(":");
  fc.assert(
    fc.property(
      fc.array(range4, { maxLength: 12 }),
      fc.array(range6, { maxLength: 12 }),
      bits,
      words,
      (fours, sixes, a, b) => {
        const peers = owners.map((nid, owner) => ({
          nid,
          allowedIps: [
            "nonsense",
            ...fours
              .filter((range) => range.owner === owner)
              .map(({ value, prefix }) => {
                const first = mask(value, prefix);
                return `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join(".")}/${prefix}`;
              }),
            ...sixes
              .filter((range) => range.owner === owner)
              .map(
                ({ words: list, prefix }) =>
                  `${text6(list.map((word, index) => mask(word, prefix - 32 * index)))}/${prefix}`,
              ),
          ],
        }));
        const [plain, numbers] = [new RoutingTable(peers), new PrefixTable(peers)];
        const bytes = (list: readonly number[]): Buffer => {
          const buffer = Buffer.alloc(list.length * 4);
          for (const [index, word] of list.entries()) buffer.writeUInt32BE(word >>> 0, index * 4);
          return buffer;
        };
        const [c, d, e, f] = b.map((word) => word | 0) as [number, number, number, number];
        expect(owners[numbers.find4(a | 0)]).toBe(plain.find(4, bytes([a]), 0));
        expect(owners[numbers.find6(c, d, e, f)]).toBe(plain.find(6, bytes(b), 0));
      },
    ),
    { numRuns: 300 },
  );
});
