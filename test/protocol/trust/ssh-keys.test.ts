// SSH public and private keys: what ssh-keygen makes is read, everything else is refused.
import { readFileSync } from "node:fs";
import { execaSync } from "execa";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { parseOpenSshPrivateKey } from "../../../protocol/trust/ssh-private-key.ts";
import { fingerprintOf, nodeIdOf, parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { sshString } from "../../../protocol/trust/ssh-wire.ts";
import { publicKeyOfSeed } from "../../../protocol/trust/sshsig.ts";
import { openKeygen } from "./keygen.ts";
import { admin, mallory } from "./mesh.ts";

const keygen = openKeygen();
afterAll(() => keygen[Symbol.dispose]());

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "no error";
  } catch (error) {
    if (isTunnelMeshError(error)) return error.code;
    throw error;
  }
};
const publicRefusal = (source: string | Uint8Array): string => codeOf(() => parseSshPublicKey(source));

describe("public keys", () => {
  it.each([
    ["ed25519", undefined],
    ["rsa", 2048],
    ["ecdsa", 256],
    ["ecdsa", 384],
    ["ecdsa", 521],
  ])("%s %s from ssh-keygen", (type, bits) => {
    const { file, line } = keygen.make(type, bits === undefined ? {} : { bits });
    const key = parseSshPublicKey(line);
    expect(key.comment).toBe("a comment");
    expect(line).toBe(`${key.line} a comment\n`);
    expect(parseSshPublicKey(key.blob)).toEqual({ ...key, comment: "" });
    expect(execaSync("ssh-keygen", ["-l", "-f", `${file}.pub`]).stdout).toContain(fingerprintOf(key));
    expect(nodeIdOf(key)).toBe(Buffer.from(fingerprintOf(key).slice(7), "base64").toString("hex"));
  });

  const { blob, line } = admin.signer.publicKey;
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

  it("are one line of the type they say", () => {
    expect(publicRefusal(`  ${line}\n`)).toBe("no error");
    const bad = [
      "",
      line.split(" ")[1]!,
      `command="x" ${line}`,
      `${line}\n${line}`,
      `ssh-rsa ${base64(blob)}`,
      `ssh-ed25519 ${base64(blob)}=`,
      `ssh-ed25519 ${base64(blob).slice(0, -4)}`,
      `ssh-ed25519 ${base64(Buffer.concat([blob, Buffer.from([0])]))}`,
    ];
    expect(bad.map(publicRefusal)).toEqual(bad.map(() => "TM_TRUST_PUBLIC_KEY"));
  });

  it("are of a kind and size that is safe", () => {
    const small = keygen.make("rsa", { bits: 1024 }).line;
    const integer = (hex: string): Buffer => sshString(Buffer.from(hex, "hex"));
    const modulus = `00${"c1".repeat(256)}`;
    const rsa = (exponent: string, n: string): Buffer =>
      Buffer.concat([sshString("ssh-rsa"), integer(exponent), integer(n)]);
    expect(publicRefusal(rsa("010001", modulus))).toBe("no error");
    const bad: (string | Uint8Array)[] = [
      small,
      rsa("01", modulus),
      rsa("010000", modulus),
      rsa("010001", modulus.slice(2)),
      rsa("00010001", modulus),
      rsa("010001", `0000${modulus}`),
      Buffer.concat([sshString("ssh-ed25519"), sshString(new Uint8Array(31))]),
      Buffer.concat([sshString("ssh-dss"), integer("01")]),
      Buffer.concat([sshString("ssh-ed25519-cert-v01@openssh.com"), sshString(blob)]),
      new Uint8Array(5000),
    ];
    expect(bad.map(publicRefusal)).toEqual(bad.map(() => "TM_TRUST_PUBLIC_KEY"));
  });

  it("have points on their curve", () => {
    const key = parseSshPublicKey(keygen.make("ecdsa", { bits: 256 }).line);
    const off = Buffer.from(key.blob);
    off[off.length - 1]! ^= 1;
    expect(publicRefusal(off)).toBe("TM_TRUST_PUBLIC_KEY");
  });

  it("of whatever bytes never throw anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(blob.length - 1), (bytes, at) => {
        expect(publicRefusal(bytes)).toBe("TM_TRUST_PUBLIC_KEY");
        const mixed = Buffer.concat([blob.slice(0, at), bytes]);
        expect(["no error", "TM_TRUST_PUBLIC_KEY"]).toContain(publicRefusal(mixed));
      }),
    );
  });
});

describe("private keys", () => {
  it("plain Ed25519 opens to its seed", () => {
    const { file, line } = keygen.make("ed25519");
    const key = parseOpenSshPrivateKey(readFileSync(file));
    expect(key).toMatchObject({ kind: "ed25519", publicKey: { line: parseSshPublicKey(line).line } });
    if (key.kind === "ed25519") expect(publicKeyOfSeed(key.seed).line).toBe(key.publicKey.line);
  });

  it.each([
    ["ed25519", { passphrase: "open sesame" }, "encrypted"],
    ["rsa", { bits: 2048 }, "other"],
    ["ecdsa", { bits: 256 }, "other"],
  ] as const)("%s %o is recognised", (type, options, kind) => {
    const { file, line } = keygen.make(type, options);
    const key = parseOpenSshPrivateKey(readFileSync(file));
    expect(key).toMatchObject({ kind, publicKey: { line: parseSshPublicKey(line).line } });
  });

  const { file: plain } = keygen.make("ed25519");
  const bytes = Buffer.from(readFileSync(plain, "utf8").replace(/-----.*-----|\n/g, ""), "base64");
  const wrap = (content: Uint8Array): string =>
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from(content).toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
  const refusal = (content: Uint8Array | string): string =>
    codeOf(() => parseOpenSshPrivateKey(typeof content === "string" ? content : wrap(content)));

  it("with a foreign public half are refused", () => {
    const foreign = mallory.signer.publicKey.blob.slice(-32);
    const own = parseOpenSshPrivateKey(readFileSync(plain)).publicKey.blob.slice(-32);
    let at = bytes.indexOf(own);
    let places = 0;
    for (; at >= 0; at = bytes.indexOf(own, at + 1)) {
      const swapped = Buffer.from(bytes);
      swapped.set(foreign, at);
      expect(refusal(swapped)).toBe("TM_TRUST_PRIVATE_KEY");
      places += 1;
    }
    expect(places).toBe(3);
    const all = Buffer.from(
      bytes.toString("hex").replaceAll(Buffer.from(own).toString("hex"), Buffer.from(foreign).toString("hex")),
      "hex",
    );
    expect(refusal(all)).toBe("TM_TRUST_PRIVATE_KEY");
  });

  it("in another format, cut or with bytes behind are refused, and nothing of them is repeated", () => {
    expect(refusal(bytes)).toBe("no error");
    expect(refusal(Buffer.concat([bytes, Buffer.from([0])]))).toBe("TM_TRUST_PRIVATE_KEY");
    expect(refusal(readFileSync(keygen.make("rsa", { bits: 2048, format: "PEM" }).file, "utf8"))).toBe(
      "TM_TRUST_PRIVATE_KEY",
    );
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(refusal(bytes.subarray(0, length))).toBe("TM_TRUST_PRIVATE_KEY");
      }),
    );
  });

  it("with whatever bytes never throw anything else", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= change;
        expect(["no error", "TM_TRUST_PRIVATE_KEY", "TM_TRUST_PUBLIC_KEY"]).toContain(refusal(damaged));
      }),
      { numRuns: 200 },
    );
  });
});
