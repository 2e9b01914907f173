// Documents that repeat what the code knows are held equal to it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { renderErrors } from "../../docs/errors.ts";
import { errorCatalogue } from "../../protocol/errors/catalogue.ts";
import { rooms, root, sourceFiles } from "./sources.ts";

const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

describe("docs/errors.md", () => {
  it("is what the catalogue says (./tm @docs/errors.ts writes it)", () => {
    expect(read("docs/errors.md")).toBe(renderErrors());
  });

  it("has only codes that the code uses", () => {
    const code = sourceFiles(".ts")
      .filter((file) => rooms.some((room) => file.startsWith(`${room}/`)) && !file.startsWith("protocol/errors/"))
      .map(read)
      .join("\n");
    expect(Object.keys(errorCatalogue).filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
  });
});

describe("docs/dependencies.md", () => {
  const manifest = JSON.parse(read("package.json")) as {
    dependencies?: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const all = manifest.devDependencies;

  it("has all in devDependencies: the package bundles what it runs, and a user installs nothing else", () => {
    expect(manifest.dependencies ?? {}).toEqual({});
  });

  it("has a line for each dependency and for nothing else", () => {
    const named = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
    expect(named.toSorted()).toEqual(Object.keys(all).toSorted());
  });

  it("has exact versions only", () => {
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe("licence", () => {
  it("is the AGPL, whole, and package.json says so", () => {
    expect(read("LICENSE")).toMatch(/GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3, 19 November 2007/);
    expect(read("LICENSE").length).toBeGreaterThan(33_000);
    expect(JSON.parse(read("package.json"))).toMatchObject({ license: "AGPL-3.0-only" });
  });
});
