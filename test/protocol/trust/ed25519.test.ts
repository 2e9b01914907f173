// Ed25519 verification as signatures of the mesh use it: published vectors, the reference beside it, and what is decided about odd keys.
import { createHash, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { isUsableEd25519 } from "../../../protocol/trust/curve-points.ts";
import { ed25519PrivateKey, ed25519PublicPoint } from "../../../protocol/trust/ed25519.ts";
import { keyObjectOf } from "../../../protocol/trust/key-material.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { sshString } from "../../../protocol/trust/ssh-wire.ts";
import { bytesOf, hex, toHex } from "../noise/bytes.ts";

type Verify = (point: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** The way of protocol/trust/sshsig.ts. */
const byNode: Verify = (point, message, signature) =>
  signature.length === 64 && verify(null, message, keyObjectOf({ kind: "ed25519", point }), signature);

const byNoble: Verify = (point, message, signature) => {
  try {
    return ed25519.verify(signature, message, point, { zip215: false });
  } catch (error) {
    // Wrong lengths and points that do not decode are thrown on.
    if (error instanceof Error) return false;
    throw error;
  }
};

const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);
const bytesFrom = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, "0"), "hex")).toReversed();

/** Each encoding of a point whose order divides 8, both signs, canonical or not ("Taming the many EdDSAs", table 6b). */
const smallOrder = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

interface Group {
  readonly publicKey: { readonly pk: string };
  readonly tests: readonly {
    readonly tcId: number;
    readonly msg: string;
    readonly sig: string;
    readonly result: string;
  }[];
}

describe.each([
  ["node", byNode],
  ["noble", byNoble],
] as const)("Project Wycheproof by %s", (_name, check) => {
  it("takes the 88 valid and none of the 63 others", () => {
    const file = new URL("../../vectors/wycheproof-ed25519.json.gz", import.meta.url);
    const groups: readonly Group[] = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")).testGroups;
    const counts = { valid: 0, invalid: 0 };
    for (const { publicKey, tests } of groups) {
      for (const { tcId, msg, sig, result } of tests) {
        const valid = result === "valid";
        counts[valid ? "valid" : "invalid"] += 1;
        expect(check(hex(publicKey.pk), hex(msg), hex(sig)), `tcId ${tcId}`).toBe(valid);
      }
    }
    expect(counts).toEqual({ valid: 88, invalid: 63 });
  });
});

it("both take each other's signatures and agree about damaged ones", () => {
  const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const message = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(seed, message, fc.nat(63), fc.integer({ min: 1, max: 255 }), (key, text, at, change) => {
      const point = ed25519PublicPoint(key);
      expect(toHex(ed25519.getPublicKey(key))).toBe(toHex(point));
      const signature = new Uint8Array(sign(null, text, ed25519PrivateKey(key)));
      expect(toHex(ed25519.sign(text, key))).toBe(toHex(signature));
      expect([byNode(point, text, signature), byNoble(point, text, signature)]).toEqual([true, true]);
      signature[at] = signature[at]! ^ change;
      expect([byNode(point, text, signature), byNoble(point, text, signature)]).toEqual([false, false]);
    }),
    { numRuns: 30 },
  );
});

describe("a signature that could be written another way", () => {
  const seed = bytesOf("signer");
  const point = ed25519PublicPoint(seed);
  const message = bytesOf("message");
  const signature = new Uint8Array(sign(null, message, ed25519PrivateKey(seed)));

  it("is refused with S + L, which is the same number", () => {
    const again = signature.slice();
    again.set(bytesFrom(numberOf(signature.subarray(32)) + order), 32);
    expect([byNode(point, message, again), byNoble(point, message, again)]).toEqual([false, false]);
  });

  it("is refused with each encoding of a small-order R that is not the one the equation gives", () => {
    for (const encoding of smallOrder.slice(1)) {
      // R of small order and S = k·a satisfy the equation times eight, which the reference asks; only the signer can make it.
      const forged = new Uint8Array(64);
      forged.set(hex(encoding));
      const digest = createHash("sha512").update(forged.subarray(0, 32)).update(point).update(message).digest();
      const { scalar } = ed25519.utils.getExtendedPublicKey(seed);
      forged.set(bytesFrom((numberOf(digest) * scalar) % order), 32);
      expect(byNode(point, message, forged), encoding).toBe(false);
    }
  });
});

describe("a public key of small order", () => {
  it("is none, however it is written: under it everybody's signature would do", () => {
    for (const encoding of smallOrder) {
      expect(isUsableEd25519(hex(encoding)), encoding).toBe(false);
      const blob = Buffer.concat([sshString("ssh-ed25519"), sshString(hex(encoding))]);
      expect(() => parseSshPublicKey(blob), encoding).toThrow(TunnelMeshError);
    }
  });

  it("is told from one that is merely not canonical, which is refused too", () => {
    const beyond = bytesFrom(2n ** 255n - 19n + 3n);
    expect(isUsableEd25519(beyond)).toBe(false);
    expect(isUsableEd25519(new Uint8Array(31).fill(9))).toBe(false);
    expect(isUsableEd25519(ed25519PublicPoint(bytesOf("signer")))).toBe(true);
  });
});
