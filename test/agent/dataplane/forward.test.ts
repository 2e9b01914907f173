// One hop less: the IPv4 checksum stays right, the last hop is refused, nothing else changes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { takeHop } from "../../../agent/dataplane/forward.ts";

/** Ones' complement sum of a header (RFC 1071); zero over one whose checksum is right. */
function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += (header[at]! << 8) | header[at + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const header4 = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => {
  bytes[0] = 0x45;
  bytes.fill(0, 10, 12);
  const sum = checksum(bytes);
  bytes[10] = sum >>> 8;
  bytes[11] = sum;
  return bytes;
});

describe("a packet that is passed on", () => {
  it("has one hop less and a right checksum", () => {
    fc.assert(
      fc.property(header4, (packet) => {
        const before = packet.slice();
        const passes = takeHop(packet, 0);
        expect(passes).toBe(before[8]! > 1);
        expect(checksum(packet)).toBe(0);
        expect(packet[8]).toBe(passes ? before[8]! - 1 : before[8]);
        const rest = (bytes: Uint8Array) => [...bytes.subarray(0, 8), bytes[9], ...bytes.subarray(12)];
        expect(rest(packet)).toEqual(rest(before));
      }),
    );
  });

  it("of IPv6 has one hop less, wherever it lies", () => {
    for (const hops of [0, 1, 2, 255]) {
      const bytes = new Uint8Array(50).fill(0x60);
      bytes[4 + 7] = hops;
      expect(takeHop(bytes, 4)).toBe(hops > 1);
      expect(bytes[4 + 7]).toBe(hops > 1 ? hops - 1 : hops);
    }
  });
});
