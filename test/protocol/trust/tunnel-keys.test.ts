// SSH keys to tunnel keys: the two maps agree, and every pitfall of the map is refused.
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUsableX25519 } from "../../../protocol/trust/curve-points.ts";
import { parseSshPublicKey, type SshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { sshString } from "../../../protocol/trust/ssh-wire.ts";
import { publicKeyOfSeed } from "../../../protocol/trust/sshsig.ts";
import { deriveTunnelKeys, mapToX25519 } from "../../../protocol/trust/tunnel-keys.ts";

const { Point } = ed25519;
/** A point of order 8. */
const torsion = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
const blobOf = (point: Uint8Array) => Buffer.concat([sshString("ssh-ed25519"), sshString(point)]);
/** A key as no parser would give it. */
const keyOf = (point: Uint8Array): SshPublicKey => ({
  ...publicKeyOfSeed(seed(1)),
  material: { kind: "ed25519", point },
});
const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const mapped = (point: Uint8Array): string => {
  const map = mapToX25519(keyOf(point));
  return map.ok ? Buffer.from(map.x25519).toString("hex") : map.reason;
};

describe("the map of an Ed25519 key", () => {
  it("gives the public half of what the seed derives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const map = mapToX25519(publicKeyOfSeed(bytes));
        const { x25519: derived } = deriveTunnelKeys(bytes);
        expect(map).toEqual({ ok: true, x25519: derived.publicKey });
        expect(derived.privateKey).toEqual(ed25519.utils.toMontgomerySecret(bytes));
      }),
      { numRuns: 20 },
    );
  });

  it("derives the control key by HKDF from the seed, apart from the tunnel key", () => {
    const { ctl, x25519: tunnel } = deriveTunnelKeys(seed(7));
    const text = (label: string) => new TextEncoder().encode(label);
    expect(ctl.privateKey).toEqual(hkdf(sha256, seed(7), text("tm-ssh-derive-v1"), text("x25519 control v1"), 32));
    expect(ctl.publicKey).toEqual(x25519.getPublicKey(ctl.privateKey));
    expect(ctl.publicKey).not.toEqual(tunnel.publicKey);
    expect(() => deriveTunnelKeys(new Uint8Array(31))).toThrow(RangeError);
  });

  it("loses the sign: A and −A are two identities with one tunnel key", () => {
    const a = Point.BASE.multiply(5n);
    expect(mapped(a.toBytes())).toBe(mapped(a.negate().toBytes()));
    expect(parseSshPublicKey(blobOf(a.toBytes())).line).not.toBe(parseSshPublicKey(blobOf(a.negate().toBytes())).line);
  });

  it("refuses A + T: another key with the same secret", () => {
    expect(mapped(Point.BASE.multiply(5n).add(torsion).toBytes())).toBe("mixed-order");
  });

  it("refuses the identity and every point of small order", () => {
    expect(mapped(Point.ZERO.toBytes())).toBe("small-order");
    for (let times = 1n; times < 8n; times += 1n) {
      const point = torsion.multiplyUnsafe(times).toBytes();
      expect(mapped(point)).toBe("small-order");
      expect(() => parseSshPublicKey(blobOf(point))).toThrow("anybody can sign");
    }
    expect(() => parseSshPublicKey(blobOf(Point.ZERO.toBytes()))).toThrow("anybody can sign");
  });

  it("refuses encodings that are not canonical or not on the curve", () => {
    const aboveThePrime = Buffer.from(`ee${"ff".repeat(30)}7f`, "hex");
    expect(mapped(aboveThePrime)).toBe("not-canonical");
    expect(() => parseSshPublicKey(blobOf(aboveThePrime))).toThrow("anybody can sign");
    const negativeZero = Point.ZERO.toBytes();
    negativeZero[31]! |= 0x80;
    expect(mapped(negativeZero)).toBe("not-canonical");
    const off = Buffer.alloc(32);
    off[0] = 2;
    expect(mapped(off)).toBe("not-canonical");
  });

  it("refuses other kinds of key", () => {
    const type = "sk-ssh-ed25519@openssh.com";
    const key = parseSshPublicKey(Buffer.concat([sshString(type), sshString(Point.BASE.toBytes()), sshString("ssh:")]));
    expect(mapToX25519(key)).toEqual({ ok: false, reason: "not-ed25519" });
  });
});

describe("usable X25519 keys", () => {
  it("are canonical and give a secret", () => {
    expect(isUsableX25519(deriveTunnelKeys(seed(1)).x25519.publicKey)).toBe(true);
    const unusable = [
      "00".repeat(32),
      `01${"00".repeat(31)}`,
      `ec${"ff".repeat(30)}7f`,
      `ed${"ff".repeat(30)}7f`,
      `ee${"ff".repeat(30)}7f`,
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ];
    for (const text of unusable) {
      expect(isUsableX25519(Buffer.from(text, "hex"))).toBe(false);
      expect(() => x25519.getSharedSecret(seed(9), Buffer.from(text, "hex"))).toThrow();
    }
    expect(isUsableX25519(Buffer.from(`09${"00".repeat(30)}80`, "hex"))).toBe(false);
    expect(isUsableX25519(new Uint8Array(31).fill(9))).toBe(false);
  });
});
