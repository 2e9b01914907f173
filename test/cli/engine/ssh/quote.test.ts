// Words for a shell arrive as they were: checked with a real one.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quote, shellCommand } from "../../../../cli/engine/ssh/quote.ts";

describe("quote", () => {
  it("gives a word back through sh", () => {
    const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const script = ["printf '%s\\0' x", ...words.map(quote)].join(" ");
        const said = execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0");
        expect(said.slice(1, -1)).toEqual(words.map((text) => Buffer.from(text).toString()));
      }),
      { numRuns: 20 },
    );
  });

  it("refuses what no argument can carry", () => {
    expect(() => quote("a\0b")).toThrow(RangeError);
  });
});

describe("shellCommand", () => {
  it.each([
    [["uptime | wc"], "uptime | wc"],
    [["ls", "-l", "a b"], "ls -l 'a b'"],
    [["echo", "it's", "$HOME", ""], "echo 'it'\\''s' '$HOME' ''"],
    [[], ""],
  ])("makes %j into %s", (words, line) => {
    expect(shellCommand(words)).toBe(line);
  });
});
