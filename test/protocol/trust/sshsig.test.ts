// SSHSIG against the real ssh-keygen in both directions, and everything that must be refused.
import { createHash, sign } from "node:crypto";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ed25519PrivateKey, ed25519PublicPoint } from "../../../protocol/trust/ed25519.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { sshString, sshUint32 } from "../../../protocol/trust/ssh-wire.ts";
import { signSshsig, verifySshsig } from "../../../protocol/trust/sshsig.ts";
import { decodeSshsig, encodeSshsig, sshsigSignedBytes } from "../../../protocol/trust/sshsig-format.ts";
import { openKeygen } from "./keygen.ts";
import { admin } from "./mesh.ts";

const keygen = openKeygen();
afterAll(() => keygen[Symbol.dispose]());

const message = '{"hello":"wörld"}';
const armored = signSshsig(admin.seed, "lock@tunnelmesh", message);
const refusal = (text: string) => {
  const verdict = verifySshsig(text, "lock@tunnelmesh", message);
  return verdict.ok ? "ok" : verdict.reason;
};

describe("signatures of ssh-keygen", () => {
  it.each([
    ["ed25519", undefined],
    ["rsa", 2048],
    ["rsa", 3072],
    ["ecdsa", 256],
    ["ecdsa", 384],
    ["ecdsa", 521],
  ])("%s %s verify here", (type, bits) => {
    const { file, line } = keygen.make(type, bits === undefined ? {} : { bits });
    for (const hash of ["sha256", "sha512"] as const) {
      const text = keygen.sign(file, "node@tunnelmesh", message, hash);
      const verdict = verifySshsig(text, "node@tunnelmesh", message);
      expect(verdict).toMatchObject({ ok: true, signer: { line: parseSshPublicKey(line).line } });
      expect(verifySshsig(text, "lock@tunnelmesh", message)).toEqual({ ok: false, reason: "other-namespace" });
      expect(verifySshsig(text, "node@tunnelmesh", `${message}\n`)).toEqual({ ok: false, reason: "bad-signature" });
      expect(decodeSshsig(text).hash).toBe(hash);
    }
  });
});

describe("signatures made here", () => {
  it("are byte for byte those of ssh-keygen", () => {
    const { file } = keygen.make("ed25519");
    const theirs = keygen.sign(file, "lock@tunnelmesh", message);
    expect(encodeSshsig(decodeSshsig(theirs))).toBe(theirs);
  });

  it("verify with ssh-keygen, in their namespace and for their message only", () => {
    const { line } = admin.signer.publicKey;
    expect(keygen.verify(line, "lock@tunnelmesh", message, armored)).toBe(true);
    expect(keygen.verify(line, "node@tunnelmesh", message, armored)).toBe(false);
    expect(keygen.verify(line, "lock@tunnelmesh", `${message} `, armored)).toBe(false);
  });
});

describe("a verifier refuses", () => {
  const fields = decodeSshsig(armored);
  const blob = Buffer.from(armored.split("\n").slice(1, -2).join(""), "base64");
  const wrap = (bytes: Uint8Array): string => {
    const lines =
      Buffer.from(bytes)
        .toString("base64")
        .match(/.{1,70}/g) ?? [];
    return `-----BEGIN SSH SIGNATURE-----\n${lines.join("\n")}\n-----END SSH SIGNATURE-----\n`;
  };

  it("trailing and missing bytes, in the container and in the armor", () => {
    expect(refusal(wrap(blob))).toBe("ok");
    expect(refusal(wrap(Buffer.concat([blob, Buffer.from([0])])))).toBe("malformed");
    expect(refusal(wrap(blob.subarray(0, -1)))).toBe("malformed");
    expect(refusal(armored.slice(0, -1))).toBe("malformed");
    expect(refusal(`${armored}\n`)).toBe("malformed");
    expect(refusal(armored.replace(/\n(?=\w)/, "\n\n"))).toBe("malformed");
    expect(refusal(armored.replaceAll("\n", "\r\n"))).toBe("malformed");
    expect(refusal(encodeSshsig({ ...fields, tail: Buffer.from([1]) }))).toBe("malformed");
  });

  it("another version, a reserved field, an unknown hash", () => {
    const version = Buffer.from(blob);
    version.writeUInt32BE(2, 6);
    expect(refusal(wrap(version))).toBe("malformed");
    const build = (reserved: string, hash: string): string =>
      wrap(
        Buffer.concat([
          Buffer.from("SSHSIG"),
          sshUint32(1),
          sshString(fields.signer.blob),
          sshString(fields.namespace),
          sshString(reserved),
          sshString(hash),
          sshString(Buffer.concat([sshString(fields.algorithm), sshString(fields.signature)])),
        ]),
      );
    expect(refusal(build("", "sha512"))).toBe("ok");
    expect(refusal(build("x", "sha512"))).toBe("malformed");
    expect(refusal(build("", "md5"))).toBe("malformed");
    expect(refusal(build("", "sha256"))).toBe("bad-signature");
  });

  it("ssh-rsa with SHA-1 and the algorithm of another key", () => {
    const { file } = keygen.make("rsa", { bits: 2048 });
    const rsa = decodeSshsig(keygen.sign(file, "lock@tunnelmesh", message));
    expect(refusal(encodeSshsig(rsa))).toBe("ok");
    expect(refusal(encodeSshsig({ ...rsa, algorithm: "ssh-rsa" }))).toBe("other-algorithm");
    expect(refusal(encodeSshsig({ ...rsa, algorithm: "rsa-sha2-256" }))).toBe("bad-signature");
    expect(refusal(encodeSshsig({ ...fields, algorithm: "rsa-sha2-512" }))).toBe("other-algorithm");
  });

  it("every single flipped bit", () => {
    fc.assert(
      fc.property(fc.nat(blob.length * 8 - 1), (bit) => {
        const bytes = Buffer.from(blob);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(refusal(wrap(bytes))).not.toBe("ok");
      }),
      { numRuns: 300 },
    );
  });

  it("whatever bytes and texts, without throwing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, text) => {
        expect(refusal(wrap(bytes))).toBe("malformed");
        expect(refusal(text)).toBe("malformed");
      }),
    );
  });
});

describe("security keys", () => {
  const point = ed25519PublicPoint(admin.seed);
  const type = "sk-ssh-ed25519@openssh.com";
  const signer = parseSshPublicKey(Buffer.concat([sshString(type), sshString(point), sshString("ssh:")]));
  const make = (flags: number): string => {
    const tail = Buffer.concat([Buffer.from([flags]), sshUint32(7)]);
    const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest();
    const signed = sshsigSignedBytes("lock@tunnelmesh", "sha512", message);
    const data = Buffer.concat([sha256("ssh:"), tail, sha256(signed)]);
    const signature = sign(null, data, ed25519PrivateKey(admin.seed));
    return encodeSshsig({ signer, namespace: "lock@tunnelmesh", hash: "sha512", algorithm: type, signature, tail });
  };

  it("sign when they are touched, and ssh-keygen agrees", () => {
    expect(verifySshsig(make(1), "lock@tunnelmesh", message)).toMatchObject({ ok: true, signer: { type } });
    expect(keygen.verify(signer.line, "lock@tunnelmesh", message, make(1))).toBe(true);
  });

  it("count for nothing when nobody touched them", () => {
    expect(refusal(make(0))).toBe("no-user-presence");
    expect(refusal(make(4))).toBe("no-user-presence");
  });

  it("have their flags and counter under the signature", () => {
    const other = decodeSshsig(make(1));
    expect(refusal(encodeSshsig({ ...other, tail: Buffer.from([5, 0, 0, 0, 7]) }))).toBe("bad-signature");
    expect(refusal(encodeSshsig({ ...other, tail: Buffer.from([1, 0, 0, 7]) }))).toBe("malformed");
  });
});
