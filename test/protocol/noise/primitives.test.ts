// The primitives: published answers, the two backends against each other, and edges of their arguments.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nobleBackend } from "../../../protocol/noise/backend-noble.ts";
import { nodeBackend } from "../../../protocol/noise/backend-node.ts";
import {
  aeadOpen,
  aeadSeal,
  blake2s,
  diffieHellman,
  equalBytes,
  hkdf,
  hmacBlake2s,
  keyPairOf,
  mac16,
  nonceOf,
  publicKeyOf,
  wipe,
} from "../../../protocol/noise/primitives.ts";
import { bytesOf, hex, keysOf, toHex } from "./bytes.ts";

const backends = [nobleBackend, nodeBackend];
const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const bytes = fc.uint8Array({ maxLength: 300 });

describe("known answers", () => {
  it("BLAKE2s of abc (RFC 7693 appendix B)", () => {
    const abc = "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982";
    for (const backend of backends) expect(toHex(backend.blake2s(hex("61"), hex("6263")))).toBe(abc);
    expect(toHex(blake2s(hex("616263")))).toBe(abc);
  });

  /** The answers that wireguard-go publishes for its KDF1 to KDF3. */
  it.each([
    [
      "746573742d6b6579",
      "746573742d696e707574",
      "6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
      "df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
      "fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c24",
    ],
    [
      "776972656775617264",
      "776972656775617264",
      "491d43bbfdaa8750aaf535e334ecbfe5129967cd64635101c566d4caefda96e8",
      "1e71a379baefd8a79aa4662212fcafe19a23e2b609a3db7d6bcba8f560e3d25f",
      "31e1ae48bddfbe5de38f295e5452b1909a1b4e38e183926af3780b0c1e1f0160",
    ],
    [
      "",
      "",
      "8387b46bf43eccfcf349552a095d8315c4055beb90208fb1be23b894bc2ed5d0",
      "58a0e5f6faefccf4807bff1f05fa8a9217945762040bcec2f4b4a62bdfe0e86e",
      "0ce6ea98ec548f8e281e93e32db65621c45eb18dc6f0a7ad94178610a2f7338e",
    ],
  ])("KDF of %j and %j", (key, input, first, second, third) => {
    expect(hkdf(hex(key), hex(input), 1).map(toHex)).toEqual([first]);
    expect(hkdf(hex(key), hex(input), 2).map(toHex)).toEqual([first, second]);
    expect(hkdf(hex(key), hex(input), 3).map(toHex)).toEqual([first, second, third]);
  });

  it("a 16-byte MAC is neither a cut 32-byte digest nor HMAC", () => {
    const [key, data] = [bytesOf("key"), bytesOf("data")];
    const mac = toHex(mac16(key, data));
    expect(mac).toHaveLength(32);
    expect(toHex(blake2s(key, data))).not.toContain(mac);
    expect(toHex(hmacBlake2s(key, data))).not.toContain(mac);
    expect(toHex(mac16(key, data.subarray(0, 5), data.subarray(5)))).toBe(mac);
  });
});

describe("both backends", () => {
  it("hash and authenticate alike", () => {
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        expect(nobleBackend.blake2s(left, right)).toEqual(nodeBackend.blake2s(left, right));
        expect(nobleBackend.hmacBlake2s(left, right)).toEqual(nodeBackend.hmacBlake2s(left, right));
      }),
      { numRuns: 100 },
    );
  });

  it("exchange alike", () => {
    fc.assert(
      fc.property(key32, key32, (left, right) => {
        expect(nobleBackend.publicKeyOf(left)).toEqual(nodeBackend.publicKeyOf(left));
        expect(nobleBackend.diffieHellman(left, right)).toEqual(nodeBackend.diffieHellman(left, right));
      }),
      { numRuns: 30 },
    );
  });

  it("open what the other sealed, at lengths around the change from one to the other", () => {
    const [key, aad] = [bytesOf("key"), bytesOf("aad")];
    for (const length of [0, 1, 16, 4079, 4080, 4095, 4096, 4097, 65519]) {
      const plaintext = new Uint8Array(length).fill(length);
      const sealed = nobleBackend.seal(key, nonceOf(length), plaintext, aad);
      expect(toHex(nodeBackend.seal(key, nonceOf(length), plaintext, aad))).toBe(toHex(sealed));
      expect(toHex(aeadSeal(key, length, plaintext, aad))).toBe(toHex(sealed));
      for (const backend of backends) expect(backend.open(key, nonceOf(length), sealed, aad)).toEqual(plaintext);
      sealed[0] = sealed[0]! ^ 1;
      for (const backend of backends) expect(backend.open(key, nonceOf(length), sealed, aad)).toBeUndefined();
      expect(aeadOpen(key, length, sealed, aad)).toBeUndefined();
    }
  });

  it.each(backends)("refuse what is too short or keyed wrongly ($name)", (backend) => {
    const none = new Uint8Array(0);
    expect(backend.open(bytesOf("key"), nonceOf(0), new Uint8Array(15), none)).toBeUndefined();
    expect(backend.open(new Uint8Array(31), nonceOf(0), new Uint8Array(16), none)).toBeUndefined();
    expect(() => backend.seal(new Uint8Array(31), nonceOf(0), none, none)).toThrow(RangeError);
    expect(() => backend.publicKeyOf(new Uint8Array(33))).toThrow(RangeError);
  });
});

it("a nonce is four zeros and the counter little-endian", () => {
  expect(toHex(nonceOf(0))).toBe("000000000000000000000000");
  expect(toHex(nonceOf(0x0102030405))).toBe("000000000504030201000000");
  expect(toHex(nonceOf(Number.MAX_SAFE_INTEGER))).toBe("00000000ffffffffffff1f00");
  for (const counter of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => nonceOf(counter)).toThrow(RangeError);
});

it("an array reused for another key is not taken for the old one", () => {
  const array = bytesOf("first");
  publicKeyOf(array);
  array.set(bytesOf("second"));
  expect(toHex(publicKeyOf(array))).toBe(toHex(keysOf("second").publicKey));
  const peer = keysOf("peer").publicKey.slice();
  diffieHellman(array, peer);
  peer.set(keysOf("other peer").publicKey);
  expect(diffieHellman(array, peer)).toEqual(diffieHellman(bytesOf("second"), keysOf("other peer").publicKey));
});

it("a wiped key is zero, and is imported as zero", () => {
  const { privateKey } = keyPairOf(bytesOf("secret"));
  wipe(privateKey);
  expect(privateKey.every((byte) => byte === 0)).toBe(true);
  expect(publicKeyOf(privateKey)).toEqual(publicKeyOf(new Uint8Array(32)));
});

it("bytes are equal only with the same length and content", () => {
  expect(equalBytes(hex("0102"), hex("0102"))).toBe(true);
  expect(equalBytes(hex("0102"), hex("0103"))).toBe(false);
  expect(equalBytes(hex("0102"), hex("010200"))).toBe(false);
});
