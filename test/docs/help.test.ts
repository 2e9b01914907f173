// The kept text of `tm --help` is what the frame would render.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { keptHelp } from "../../cli/frame/root-help.ts";
import { renderRootHelp } from "../../docs/help.ts";

const root = path.resolve(import.meta.dirname, "../..");

it("is written by ./tm @docs/help.ts", () => {
  expect(readFileSync(path.join(root, "cli/frame/root-help.txt"), "utf8")).toBe(renderRootHelp());
});

it("is what tm prints, with the version of this machine", () => {
  for (const flag of ["--help", "-h", "help"]) {
    const printed = execFileSync(
      process.execPath,
      ["--conditions=tunnelmesh-source", path.join(root, "cli/bin.ts"), flag],
      {
        encoding: "utf8",
      },
    );
    expect(printed).toContain(`node-${process.version}`);
    expect(keptHelp(printed)).toBe(renderRootHelp());
  }
});
