// The engine against vectors that others published, and proof that those vectors notice a wrong pattern.
import { describe, expect, it } from "vitest";
import { basePatterns, type PatternTable } from "../../../protocol/noise/patterns.ts";
import { differenceOf, noiseVectors } from "./vectors.ts";

describe("published vectors", () => {
  it("has the ones the project relies on", () => {
    expect(noiseVectors).toHaveLength(11);
    expect(noiseVectors.filter((vector) => vector.handshake_hash !== undefined)).toHaveLength(7);
  });

  it.each(noiseVectors.map((vector) => [vector.protocol_name, vector.source, vector] as const))(
    "%s of %s",
    (_name, _source, vector) => {
      expect(differenceOf(vector)).toBeUndefined();
    },
  );
});

describe("a mutated pattern", () => {
  const ofPattern = (name: string) =>
    noiseVectors.filter((vector) => vector.protocol_name.split("_")[1]!.startsWith(name));

  it("with es in place of se fails every IK and XX vector", () => {
    const mutated: PatternTable = Object.fromEntries(
      Object.entries(basePatterns).map(([name, pattern]) => [
        name,
        { ...pattern, messages: pattern.messages.map((tokens) => tokens.map((t) => (t === "se" ? "es" : t))) },
      ]),
    );
    for (const vector of [...ofPattern("IK"), ...ofPattern("XX")]) {
      expect(differenceOf(vector, mutated), vector.protocol_name).toMatch(/other bytes|not written/);
    }
  });

  it("with tokens of one message exchanged fails", () => {
    const mutated: PatternTable = {
      ...basePatterns,
      IK: {
        responderKnown: true,
        messages: [
          ["e", "es", "s", "ss"],
          ["e", "se", "ee"],
        ],
      },
    };
    for (const vector of ofPattern("IK")) expect(differenceOf(vector, mutated)).toBeDefined();
  });
});
