// Known secrets are taken out of every text, in whatever form they stand there.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor, secretsOfEnvironment } from "../../../../cli/engine/review/secrets.ts";

const secret = "s3cr/t+P@ss w0rd?<é>";
const { scrub, scrubValue } = createRedactor([
  secret,
  "tiny",
  "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nAgEAAoIBAQC7VJTUt9Us\n-----END KEY-----",
]);
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("a redactor", () => {
  it.each<[string, string]>([
    ["plain", secret],
    ["base64", base64(secret)],
    ["base64 without padding", base64(secret).replaceAll("=", "")],
    ["base64url", Buffer.from(secret).toString("base64url")],
    ["base64 in a URL", encodeURIComponent(base64(secret))],
    ["hexadecimal", Buffer.from(secret).toString("hex")],
    ["hexadecimal in capitals", Buffer.from(secret).toString("hex").toUpperCase()],
    ["URL-encoded", encodeURIComponent(secret)],
    ["URL-encoded in small letters", encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
    ["form-encoded", new URLSearchParams({ x: secret }).toString().slice(2)],
    ["JSON", JSON.stringify(`${secret}\n`).slice(1, -1)],
    ["HTML", secret.replaceAll("<", "&lt;").replaceAll(">", "&gt;")],
    ["a line of it", "MIIEvQIBADANBgkqhkiG"],
  ])("takes out %s", (_, form) => {
    expect(scrub(`before ${form} after ${form}`)).toMatch(
      /^before \(sensitive\)(?:\\n|=*) after \(sensitive\)(?:\\n|=*)$/,
    );
  });

  it("takes a short one out only where it is the whole value", () => {
    expect([scrubValue("tiny"), scrubValue("a tiny thing"), scrub("tiny")]).toEqual([
      "(sensitive)",
      "a tiny thing",
      "tiny",
    ]);
  });

  it("leaves all other text as it is", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: "grapheme" }), (text) => {
        fc.pre(!text.includes(secret));
        expect(scrub(text)).toBe(text);
      }),
    );
  });

  it("takes out any secret inside any longer text, and inside base64 of it wherever it begins", () => {
    const words = fc
      .string({ minLength: 8, maxLength: 40, unit: "grapheme" })
      .filter((text) => text.trim().length >= 8);
    fc.assert(
      fc.property(words, fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (hidden, before, after) => {
        const redactor = createRedactor([hidden]);
        expect(redactor.scrub(before + hidden + after).length).toBeLessThanOrEqual(
          before.length + after.length + "(sensitive)".length,
        );
        const long = Buffer.concat([Buffer.from(before), Buffer.from(hidden), Buffer.from(after)]).toString("base64");
        const clean = redactor.scrub(long);
        expect(clean).toContain("(sensitive)");
        // What is left is at most the ends that share a letter of base64 with their neighbours.
        expect(clean.replace("(sensitive)", "").length).toBeLessThanOrEqual(
          long.length - Math.floor(((Buffer.from(hidden).length - 2) * 8) / 6),
        );
      }),
    );
  });

  it("knows the environment's secrets by their names", () => {
    const environment = {
      DIGITALOCEAN_TOKEN: "a",
      X_SECRET: "b",
      aws_access_key: "c",
      DB_PASSWORD: "d",
      HOME: "/root",
      TOKENS: "e",
    };
    expect(secretsOfEnvironment(environment)).toEqual(["a", "b", "c", "d"]);
  });
});
