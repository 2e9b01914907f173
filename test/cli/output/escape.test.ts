// What a host says cannot take over a terminal.
import fc from "fast-check";
import { expect, it } from "vitest";
import { createEscaper, escapeControls } from "../../../cli/output/escape.ts";

it("shows control characters and marks of direction, and keeps text, tabs and lines", () => {
  expect(escapeControls("\u001b[31mred\u001b[0m\r\u0007 \u009b2J")).toBe("\\x1b[31mred\\x1b[0m\\x0d\\x07 \\x9b2J");
  expect(escapeControls("user\u202egnp.exe")).toBe("user\\u202egnp.exe");
  expect(escapeControls("Grüße\t漢字\n🙂")).toBe("Grüße\t漢字\n🙂");
});

it("leaves nothing that a terminal acts on, wherever the chunks end", () => {
  const property = fc.property(fc.string({ unit: "binary" }), fc.nat(64), (text, at) => {
    const bytes = Buffer.from(text.toWellFormed());
    let shown = "";
    const write = createEscaper((part) => {
      shown += part;
    });
    for (const chunk of [bytes.subarray(0, at), bytes.subarray(at)]) write(chunk);
    expect(shown).toBe(escapeControls(text.toWellFormed()));
    expect([...shown].filter((one) => one < " " && one !== "\n" && one !== "\t")).toEqual([]);
  });
  fc.assert(property, { numRuns: 200 });
});
