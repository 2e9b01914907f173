// The command line runs on macOS too: what it starts and opens on the admin's machine exists there.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { root, sourceFiles } from "./sources.ts";

/** Programs that Linux and macOS both have, or that whoever installed the package has, or that may be missing (gh). */
const programs = new Set(["gh", "git", "npm", "ssh", "ssh-add", "ssh-keygen", "tar"]);

/** Parts that work on a Linux machine alone, and say so: local hosts and the sandbox cloud, joining with the machine itself, the quickstart of a clone. */
const linux = /^cli\/(engine\/(local|join|sandbox)\/|quickstart\.ts$)/;

const sources = sourceFiles(".ts")
  .filter((file) => /^(cli|constructs|protocol)\//.test(file) && !linux.test(file))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), "utf8") }));

/** Programs by name that a source starts here; what runs on hosts goes over SSH and is text. */
function startedPrograms(text: string): string[] {
  return [...text.matchAll(/\b(?:execa|spawn|spawnSync|execFile|execFileSync)\(\s*["'`]([^"'`]+)/g)].map(
    (match) => match[1] ?? "",
  );
}

describe("the admin's machine", () => {
  it("has each program that is started on it", () => {
    const started = sources.flatMap(({ file, text }) => startedPrograms(text).map((program) => `${file}: ${program}`));
    expect(started.length).toBeGreaterThan(5);
    expect(started.filter((entry) => !programs.has(entry.split(": ")[1] ?? ""))).toEqual([]);
  });

  it("is found out when it lacks one, so that the rule is known to bite", () => {
    expect(startedPrograms('await execa("ip", ["link"]);\nspawnSync(\n  "systemctl",')).toEqual(["ip", "systemctl"]);
  });

  it("starts no shell for a program of its own: names in one would not be seen", () => {
    expect(
      sources
        .filter(({ text }) => /\b(exec|execSync)\(|shell: true/.test(text) && /child_process/.test(text))
        .map(({ file }) => file),
    ).toEqual([]);
  });
});

describe("the package", () => {
  it("is bundled flat, so files that look beside themselves are known", () => {
    const looking = sources.filter(({ text }) => text.includes("import.meta.")).map(({ file }) => file);
    expect(looking.toSorted()).toEqual([
      "cli/bin.ts",
      "cli/commands/init.ts",
      "cli/engine/deploy/release.ts",
      "cli/engine/release/bundle.ts",
      "cli/engine/release/programs.ts",
      "cli/engine/synth/hooks.ts",
      "cli/engine/synth/load.ts",
      "cli/engine/terraform/workspace.ts",
      "cli/frame/oclif.ts",
      "cli/frame/root-help.ts",
    ]);
  });

  it("imports packages where they can be bundled: a CommonJS one has no named exports in a bundle's import()", () => {
    const dynamic = sources.flatMap(({ text }) =>
      [...text.matchAll(/\bimport\("([^."][^"]*)"\)/g)].map((match) => match[1]),
    );
    expect(dynamic.filter((name) => name !== "esbuild" && !name?.startsWith("node:"))).toEqual([]);
  });
});
