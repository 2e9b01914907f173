// Project Wycheproof against both backends of every primitive, and against the choice made between them.
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, it } from "vitest";
import { nobleBackend } from "../../../protocol/noise/backend-noble.ts";
import { nodeBackend } from "../../../protocol/noise/backend-node.ts";
import { aeadOpen, aeadSeal, diffieHellman, xchachaOpen, xchachaSeal } from "../../../protocol/noise/primitives.ts";
import { hex, toHex } from "./bytes.ts";

interface Case {
  readonly tcId: number;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
  readonly [field: string]: unknown;
}

const folder = new URL("../../vectors/", import.meta.url);

function cases(name: string, count: number): readonly Case[] {
  const json = gunzipSync(readFileSync(new URL(`wycheproof-${name}.json.gz`, folder))).toString("utf8");
  const groups: readonly { tests: Case[]; tagSize?: number }[] = JSON.parse(json).testGroups;
  const all = groups.flatMap(({ tests, tagSize }) => tests.map((test) => ({ ...test, tagSize })));
  expect(all).toHaveLength(count);
  return all;
}

const field = (test: Case, name: string): Uint8Array => hex(String(test[name]));

it("the files are those of the table", () => {
  const table = readFileSync(new URL("README.md", folder), "utf8");
  for (const name of readdirSync(folder).filter((file) => /\.(json|gz)$/.test(file))) {
    const digest = createHash("sha256")
      .update(readFileSync(new URL(name, folder)))
      .digest("hex");
    expect(table).toContain(`| ${name} | ${digest} |`);
  }
});

describe.each([
  ["noble", nobleBackend.diffieHellman],
  ["node", nodeBackend.diffieHellman],
  ["chosen", diffieHellman],
] as const)("X25519 by %s", (_name, exchange) => {
  it("agrees, and refuses each zero shared secret", () => {
    let zero = 0;
    for (const test of cases("x25519", 518)) {
      const secret = exchange(field(test, "private"), field(test, "public"));
      if (test.flags.includes("ZeroSharedSecret")) {
        zero += 1;
        expect(secret, `tcId ${test.tcId}`).toBeUndefined();
      } else {
        expect(secret && toHex(secret), `tcId ${test.tcId}`).toBe(test["shared"]);
      }
    }
    expect(zero).toBe(31);
  });

  it("refuses keys of other lengths", () => {
    for (const length of [0, 31, 33, 64]) {
      expect(exchange(new Uint8Array(length).fill(9), new Uint8Array(32).fill(9))).toBeUndefined();
      expect(exchange(new Uint8Array(32).fill(9), new Uint8Array(length).fill(9))).toBeUndefined();
    }
  });
});

type Seal = typeof nobleBackend.seal;
type Open = typeof nobleBackend.open;

describe.each<[string, string, number, number, Seal, Open]>([
  ["ChaCha20-Poly1305 by noble", "chacha20_poly1305", 325, 12, nobleBackend.seal, nobleBackend.open],
  ["ChaCha20-Poly1305 by node", "chacha20_poly1305", 325, 12, nodeBackend.seal, nodeBackend.open],
  ["ChaCha20-Poly1305 as chosen", "chacha20_poly1305", 325, 12, aeadSeal, aeadOpen],
  ["XChaCha20-Poly1305", "xchacha20_poly1305", 315, 24, xchachaSeal, xchachaOpen],
])("%s", (_name, file, count, nonceLength, seal, open) => {
  it("seals and opens the valid, refuses the invalid", () => {
    for (const test of cases(file, count)) {
      const [key, iv, aad] = [field(test, "key"), field(test, "iv"), field(test, "aad")];
      const sealed = hex(`${test["ct"]}${test["tag"]}`);
      const opened = open(key, iv, sealed, aad);
      if (test.result === "valid") {
        expect(toHex(seal(key, iv, field(test, "msg"), aad)), `tcId ${test.tcId}`).toBe(toHex(sealed));
        expect(opened && toHex(opened), `tcId ${test.tcId}`).toBe(test["msg"]);
      } else {
        expect(opened, `tcId ${test.tcId}`).toBeUndefined();
        if (iv.length !== nonceLength) expect(() => seal(key, iv, field(test, "msg"), aad)).toThrow(RangeError);
      }
    }
  });
});

type Mac = (key: Uint8Array, message: Uint8Array) => Uint8Array;

describe.each<[string, Mac]>([
  ["noble", (key, message) => hmac(sha256, key, message)],
  ["node", (key, message) => createHmac("sha256", key).update(message).digest()],
])("HMAC construction by %s", (_name, mac) => {
  it("makes the valid tags and none of the invalid", () => {
    for (const test of cases("hmac_sha256", 174)) {
      const tag = toHex(mac(field(test, "key"), field(test, "msg")).subarray(0, Number(test["tagSize"]) / 8));
      if (test.result === "valid") expect(tag, `tcId ${test.tcId}`).toBe(test["tag"]);
      else expect(tag, `tcId ${test.tcId}`).not.toBe(test["tag"]);
    }
  });
});

type Derive = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, size: number) => Uint8Array;

describe.each<[string, Derive]>([
  ["noble", (ikm, salt, info, size) => hkdf(sha256, ikm, salt, info, size)],
  ["node", (ikm, salt, info, size) => new Uint8Array(hkdfSync("sha256", ikm, salt, info, size))],
])("HKDF construction by %s", (_name, derive) => {
  it("derives the valid keys and refuses sizes beyond its end", () => {
    for (const test of cases("hkdf_sha256", 86)) {
      const size = Number(test["size"]);
      const run = () => toHex(derive(field(test, "ikm"), field(test, "salt"), field(test, "info"), size));
      if (test.result === "valid") expect(run(), `tcId ${test.tcId}`).toBe(test["okm"]);
      else expect(run, `tcId ${test.tcId}`).toThrow();
    }
  });
});
