// Imports go one way between the rooms, and there are no cycles.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { rooms, root } from "./sources.ts";

function cruise(folders: readonly string[], folder: string): { code: number; output: string } {
  const bin = path.join(root, "node_modules/.bin/depcruise");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [bin, "--config", path.join(root, ".dependency-cruiser.json"), "--output-type", "err", ...folders],
    { cwd: folder, encoding: "utf8" },
  );
  return { code: status ?? 1, output: stdout + stderr };
}

describe("imports", () => {
  it("keep to the rules between rooms", () => {
    const { code, output } = cruise(rooms, root);
    expect(output).toContain("no dependency violations found");
    expect(code).toBe(0);
  });

  it("are refused when they break a rule, so that the rules are known to bite", () => {
    const folder = mkdtempSync(path.join(root, "test/.architecture-"));
    try {
      for (const room of ["protocol", "cli", "agent", "coordinator"]) mkdirSync(path.join(folder, room));
      writeFileSync(path.join(folder, "cli/progress.ts"), "export interface Progress { row: string }\n");
      writeFileSync(
        path.join(folder, "protocol/impure.ts"),
        'import fs from "node:fs";\nexport const read = fs.readFileSync;\n',
      );
      writeFileSync(
        path.join(folder, "protocol/upward.ts"),
        'import type { Progress } from "../cli/progress.ts";\nexport type Row = Progress;\n',
      );
      writeFileSync(path.join(folder, "agent/sideways.ts"), 'export { round } from "../coordinator/round.ts";\n');
      writeFileSync(
        path.join(folder, "coordinator/round.ts"),
        'export { square } from "./square.ts";\nexport const round = 1;\n',
      );
      writeFileSync(
        path.join(folder, "coordinator/square.ts"),
        'export { round } from "./round.ts";\nexport const square = 2;\n',
      );
      const { code, output } = cruise(["protocol", "cli", "agent", "coordinator"], folder);
      expect(code).not.toBe(0);
      for (const rule of ["protocol-is-pure", "protocol-stands-alone", "rooms-know-only-protocol", "no-cycles"]) {
        expect(output).toContain(rule);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
