// docs/wireguard.md names code and tests for each rule: both must be there.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/wireguard.md", root), "utf8");
const rows = page
  .split("\n")
  .filter((line) => /^\| (?!rule |mistake |-)/.test(line) && !line.startsWith("|---"))
  .map((line) => {
    const [rule = "", code = "", tests = ""] = line.split("|").slice(1, -1);
    return { rule: rule.trim(), code, tests };
  });

function testFile(name: string): string | undefined {
  const kinds = ["test", "lab.test", "soak.test"].map((kind) => new URL(`test/${name}.${kind}.ts`, root));
  const file = kinds.find((one) => existsSync(one));
  return file === undefined ? undefined : readFileSync(file, "utf8");
}

describe("docs/wireguard.md", () => {
  it("has a row for each rule of the protocol and for each mistake", () => {
    expect(rows.length).toBeGreaterThan(40);
  });

  it.each(rows.map(({ rule, ...rest }) => [rule, rest] as const))("%s", (_rule, { code, tests }) => {
    for (const [, file = ""] of code.matchAll(/`([^`]+)`/g)) {
      expect(existsSync(new URL(file, root)), file).toBe(true);
    }
    const named = [...tests.matchAll(/`([^`]+)` "([^"]+)"/g)];
    expect(named.length).toBeGreaterThan(0);
    for (const [, name = "", title = ""] of named) {
      const text = testFile(name);
      expect(text, name).toBeDefined();
      expect(text, name).toContain(`"${title}"`);
    }
    expect(tests.replaceAll(/`[^`]+` "[^"]+"/g, "").replaceAll(/[·\s]/g, "")).toBe("");
  });
});
