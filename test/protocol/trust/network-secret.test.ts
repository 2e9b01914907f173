// Pair secrets and preshared keys: exactly the strings and orders of protocol.md §4.2, checked with another HKDF.
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, it } from "vitest";
import { parseMeshId, type X25519PublicKey } from "../../../protocol/brand.ts";
import { pairSecret, tunnelPsk } from "../../../protocol/trust/network-secret.ts";

const meshId = parseMeshId("ab".repeat(32));
const low = new Uint8Array(32).fill(1) as X25519PublicKey;
const high = new Uint8Array(32).fill(2) as X25519PublicKey;
const secret = new Uint8Array(32).fill(7);

describe("secrets of a pair", () => {
  const expected = (key: Uint8Array, label: string): Uint8Array => {
    const info = Buffer.concat([Buffer.from(label), Buffer.from([3, 1, 0, 0]), low, high]);
    return hkdf(sha256, key, Buffer.from(meshId, "hex"), info, 32);
  };

  it("are what the document says, generation 259 as 03 01 00 00", () => {
    const pair = pairSecret(secret, meshId, 259, low, high);
    expect(Buffer.from(pair)).toEqual(Buffer.from(expected(secret, "tm-net-pair-v1")));
    const psk = tunnelPsk(pair, meshId, 259, low, high);
    expect(Buffer.from(psk)).toEqual(Buffer.from(expected(pair, "tm-wg-psk-v1 pair")));
  });

  it("are the same on both sides, and others for another pair, mesh or generation", () => {
    const pair = pairSecret(secret, meshId, 1, low, high);
    expect(pairSecret(secret, meshId, 1, high, low)).toEqual(pair);
    const other = new Uint8Array(32).fill(3) as X25519PublicKey;
    expect(pairSecret(secret, meshId, 1, low, other)).not.toEqual(pair);
    expect(pairSecret(secret, parseMeshId("ac".repeat(32)), 1, low, high)).not.toEqual(pair);
    expect(pairSecret(secret, meshId, 2, low, high)).not.toEqual(pair);
    expect(() => pairSecret(new Uint8Array(31), meshId, 1, low, high)).toThrow(RangeError);
  });
});
