// What decoding a body costs: anybody may send one.
import { describe, expect, it } from "vitest";
import { signedItemLimit } from "../../../protocol/constants.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";

describe("a body that is no JSON", () => {
  it("is refused in time that grows with its length, not with the square of it", () => {
    const start = performance.now();
    for (const piece of ['\\"', '"\\', "[", '{"a":', '"\\u0022']) {
      const body = piece.repeat(Math.floor(signedItemLimit / piece.length));
      expect(decodeItem(body)).toEqual({ ok: false, reason: "not-json" });
    }
    expect(performance.now() - start).toBeLessThan(300);
  });

  it("is refused when it nests deeply", () => {
    const depth = signedItemLimit / 2 - 8;
    expect(decodeItem(`${"[".repeat(depth)}${"]".repeat(depth)}`)).toEqual({ ok: false, reason: "not-json" });
    expect(decodeItem(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`)).toEqual({ ok: false, reason: "not-json" });
  });
});
