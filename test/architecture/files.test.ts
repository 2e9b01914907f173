// Each file says what it is for, stays small, and each room has a README.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { rooms, root, sourceFiles } from "./sources.ts";

const lines = (file: string): string[] => readFileSync(path.join(root, file), "utf8").split("\n");
const own = sourceFiles(".ts").filter((file) => !file.startsWith("test/fixtures/") || !file.endsWith(".d.ts"));

describe("source files", () => {
  it("open with a one-line purpose comment", () => {
    const silent = own.filter((file) => {
      const [first, second] = lines(file);
      return !(first?.startsWith("#!") ? second : first)?.match(/^\/\/ \S.{10,}/);
    });
    expect(silent).toEqual([]);
  });

  it("stay under 300 lines", () => {
    const long = own.filter((file) => !file.startsWith("test/") && lines(file).length > 301);
    expect(long).toEqual([]);
  });

  it("have a median under 100 lines", () => {
    const sizes = own
      .filter((file) => !file.startsWith("test/"))
      .map((file) => lines(file).length)
      .toSorted((left, right) => left - right);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThan(100);
  });

  it("are not called utils, helpers or manager", () => {
    expect(own.filter((file) => /(^|\/|-)(utils?|helpers?|manager)(\.|-|\/)/.test(file))).toEqual([]);
  });

  it("export names only, but for oclif's commands", () => {
    const defaults = own.filter(
      (file) =>
        rooms.some((room) => file.startsWith(`${room}/`)) &&
        !/^(cli\/commands|stacks)\//.test(file) &&
        lines(file).some((line) => line.startsWith("export default")),
    );
    expect(defaults).toEqual([]);
  });
});

describe("rooms", () => {
  it("have a README each", () => {
    expect(rooms.filter((room) => !existsSync(path.join(root, room, "README.md")))).toEqual([]);
  });
});
