// Congestion marks on the way into and out of the tunnel, by the table of RFC 6040 §4.2.
import { describe, expect, it } from "vitest";
import { combineEcn, ecnOf } from "../../../agent/dataplane/ecn.ts";
import { makePacket } from "./native/packets.ts";

const [notCapable, capable1, capable0, congested] = [0, 1, 2, 3] as const;
/** Inner, outer, what comes out; undefined: dropped. */
const table: readonly (readonly [number, number, number | undefined])[] = [
  [notCapable, notCapable, notCapable],
  [notCapable, capable0, notCapable],
  [notCapable, capable1, notCapable],
  [notCapable, congested, undefined],
  [capable0, notCapable, capable0],
  [capable0, capable0, capable0],
  [capable0, capable1, capable1],
  [capable0, congested, congested],
  [capable1, notCapable, capable1],
  [capable1, capable0, capable1],
  [capable1, capable1, capable1],
  [capable1, congested, congested],
  [congested, notCapable, congested],
  [congested, capable0, congested],
  [congested, capable1, congested],
  [congested, congested, congested],
];

function headerSum(bytes: Uint8Array, at: number): number {
  let sum = 0;
  for (let byte = 0; byte < 20; byte += 2) sum += (bytes[at + byte]! << 8) | bytes[at + byte + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describe.each([4, 6] as const)("IPv%i", (family) => {
  it.each(table)("inner %i in outer %i", (inner, outer, result) => {
    // A class of service of its own, which no mark may change.
    const packet = new Uint8Array(120);
    packet.set(makePacket({ family, transport: 17, payload: new Uint8Array(32) }), 8);
    if (family === 6) packet[9] = 0x0b | (inner << 4);
    else {
      packet[9] = 0xb8 | inner;
      packet[18] = 0;
      packet[19] = 0;
      const sum = ~headerSum(packet, 8) & 0xffff;
      packet[18] = sum >>> 8;
      packet[19] = sum & 255;
    }
    const before = packet.slice();
    expect(ecnOf(packet, 8)).toBe(inner);
    expect(combineEcn(packet, 8, outer)).toBe(result !== undefined);
    expect(ecnOf(packet, 8)).toBe(result ?? inner);
    if (family === 4) expect(headerSum(packet, 8)).toBe(0xffff);
    expect(packet[9]! & (family === 6 ? 0xcf : 0xfc)).toBe(before[9]! & (family === 6 ? 0xcf : 0xfc));
  });
});
