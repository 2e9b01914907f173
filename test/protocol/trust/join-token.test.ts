// Join tokens as text: one golden token byte by byte, there and back, and nothing else reads.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeJoinToken, encodeJoinToken, type JoinToken } from "../../../protocol/trust/join-token.ts";
import { makeToken } from "../../../protocol/trust/make-token.ts";
import { tokenKeys } from "../../../protocol/trust/token-keys.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const token: JoinToken = {
  meshId: "11".repeat(32) as JoinToken["meshId"],
  coordinatorKey: deriveTunnelKeys(new Uint8Array(32).fill(3)).ctl.publicKey,
  seed: new Uint8Array(32).fill(0x22),
  exp: 1_800_000_000,
  uses: 5,
  ephemeral: true,
  urls: ["ws://198.18.0.1:8443", "wss://hub.example.com/mesh"],
};
/** The text of whatever bytes, with a right checksum. */
const textOf = (bytes: Uint8Array): string => {
  const sum = createHash("sha256").update("tm-join-v1").update(bytes).digest().subarray(0, 4);
  return `tmj1_${Buffer.concat([bytes, sum]).toString("base64url")}`;
};
const bytesOf = (text: string): Buffer => Buffer.from(text.slice(5), "base64url").subarray(0, -4);

describe("the layout", () => {
  it("is the documented one, byte by byte", () => {
    const expected = [
      "01",
      "03",
      "11".repeat(32),
      hex(token.coordinatorKey),
      "22".repeat(32),
      "80c3c901",
      "0500",
      "02",
      "14",
      hex(Buffer.from(token.urls[0]!)),
      "1a",
      hex(Buffer.from(token.urls[1]!)),
    ].join("");
    expect(hex(bytesOf(encodeJoinToken(token)))).toBe(expected);
    expect(encodeJoinToken(token)).toBe(textOf(Buffer.from(expected, "hex")));
    expect(decodeJoinToken(`  ${encodeJoinToken(token)}\n`)).toEqual({ ok: true, token });
  });

  it("gives these keys from its seed", () => {
    const { tid, pub, wrap } = tokenKeys(token.seed, token.meshId);
    expect([tid, hex(pub), hex(wrap.publicKey)]).toEqual([
      "b524e61e13cab675",
      "6de3275ac96a4b9a26c96fabfaa0e415a76b938fc5519794a1edac52a12af061",
      "96373824ac298e28e3bb9511fa6efeac1fe69749ae8e3670c7dd5f0908e73b22",
    ]);
    const other = tokenKeys(token.seed, "12".repeat(32) as JoinToken["meshId"]);
    expect(other.tid).not.toBe(tid);
  });
});

const tokens = fc.record({
  meshId: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => hex(bytes) as JoinToken["meshId"]),
  coordinatorKey: fc.constant(token.coordinatorKey),
  seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  exp: fc.integer({ min: 1, max: 0xffff_ffff }).map((minutes) => minutes * 60),
  uses: fc.integer({ min: 1, max: 0xffff }),
  ephemeral: fc.boolean(),
  urls: fc.array(
    fc.stringMatching(/^[!-~]{1,200}$/).map((rest) => `ws://${rest}`),
    { minLength: 1, maxLength: 8 },
  ),
});

describe("decoding", () => {
  it("gives back what was encoded", () => {
    fc.assert(
      fc.property(tokens, (one) => {
        expect(decodeJoinToken(encodeJoinToken(one))).toEqual({ ok: true, token: one });
      }),
    );
  });

  it("finds every changed, missing or added character", () => {
    const text = encodeJoinToken(token);
    for (let index = 5; index < text.length; index += 1) {
      const other = text[index] === "A" ? "B" : "A";
      expect(decodeJoinToken(text.slice(0, index) + other + text.slice(index + 1)).ok).toBe(false);
      expect(decodeJoinToken(text.slice(0, index) + text.slice(index + 1))).toEqual({ ok: false, reason: "typo" });
      expect(decodeJoinToken(text.slice(0, index))).toEqual({ ok: false, reason: "typo" });
    }
    expect(decodeJoinToken(`${text}=`)).toEqual({ ok: false, reason: "typo" });
    for (const foreign of ["", "SWMTKN-1-abc", text.slice(5), "x".repeat(100_000)]) {
      expect(decodeJoinToken(foreign)).toEqual({ ok: false, reason: "no-token" });
    }
  });

  it("of whatever bytes gives a token that encodes to the same text, or a reason", () => {
    const bytes = bytesOf(encodeJoinToken(token));
    const changed = fc
      .tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(40))
      .map(([at, value, cut]) =>
        Uint8Array.from(bytes.with(at, value).subarray(0, bytes.length - (cut > 20 ? cut : 0))),
      );
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 400 })), (raw) => {
        const decoded = decodeJoinToken(textOf(raw));
        if (decoded.ok) expect(encodeJoinToken(decoded.token)).toBe(textOf(raw));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["another version", 0, 2, "other-release"],
    ["a flag of a later release", 1, 0x83, "other-release"],
    ["a token that cannot sign", 1, 1, "other-release"],
    ["no URL", 104, 0, "bad-field"],
    ["a URL too many", 104, 3, "bad-field"],
    ["a URL that is longer than what is left", 105, 200, "bad-field"],
    ["a URL of another kind", 106, 0x78, "bad-field"],
  ])("refuses %s", (_, at, value, reason) => {
    expect(decodeJoinToken(textOf(bytesOf(encodeJoinToken(token)).with(at, value)))).toEqual({ ok: false, reason });
  });

  it("refuses to encode what would not read", () => {
    for (const change of [{ exp: 61 }, { uses: 0 }, { uses: 65_536 }, { urls: [] }, { urls: ["http://x"] }]) {
      expect(() => encodeJoinToken({ ...token, ...change })).toThrow(RangeError);
    }
  });
});

it("a new token and its entry have the same keys and limits", () => {
  const wraps = [{ gen: 1, sealed: "00".repeat(80) }];
  const { text, entry } = makeToken({ ...token, groups: ["web"], names: ["a"], ci: false, wraps });
  expect(decodeJoinToken(text)).toEqual({ ok: true, token });
  const { tid, pub } = tokenKeys(token.seed, token.meshId);
  expect(entry).toMatchObject({ tid, pub: hex(pub), exp: token.exp, uses: 5, groups: ["web"], names: ["a"], wraps });
  expect(text).not.toContain(entry.pub);
});
