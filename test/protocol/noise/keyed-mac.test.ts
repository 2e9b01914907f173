// The keyed BLAKE2s of macs and cookies says what the reference library says.
import { blake2s } from "@noble/hashes/blake2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedMac16 } from "../../../protocol/noise/keyed-mac.ts";

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 255);

describe("keyed BLAKE2s", () => {
  it("agrees with noble for every length around the edges of a block", () => {
    for (let length = 0; length < 260; length += 1) {
      for (const keyLength of [1, 16, 31, 32]) {
        const [key, data] = [bytes(keyLength), bytes(length)];
        expect(keyedMac16(key, data)).toEqual(blake2s(data, { key, dkLen: 16 }));
      }
    }
  });

  it("takes its data in any pieces", () => {
    const piece = fc.uint8Array({ maxLength: 90 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 32 }), fc.array(piece, { maxLength: 5 }), (key, pieces) => {
        expect(keyedMac16(key, ...pieces)).toEqual(blake2s(Buffer.concat(pieces), { key, dkLen: 16 }));
      }),
    );
  });

  it("refuses a key that is none", () => {
    expect(() => keyedMac16(new Uint8Array(0), bytes(3))).toThrow(RangeError);
    expect(() => keyedMac16(new Uint8Array(33), bytes(3))).toThrow(RangeError);
  });
});
