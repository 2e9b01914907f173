// Hints on the disk: written at once, then seldom, and the last of them in the end.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { KeptHints } from "../../../agent/control/kept-hints.ts";
import { Hints } from "../../../agent/map/hints.ts";
import type { NodeId } from "../../../protocol/brand.ts";

const nid = "a".repeat(64) as NodeId;
let folder: string;
let file: string;
let hints: Hints;
let kept: KeptHints;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  folder = mkdtempSync(path.join(os.tmpdir(), "tm-kept-"));
  file = path.join(folder, "endpoints.json");
  hints = await Hints.open(file);
  kept = new KeptHints(
    hints,
    () => [nid],
    () => undefined,
  );
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

function move(port: number): void {
  hints.update(false, [{ nid, online: true, endpoints: [{ kind: "local", address: "198.18.0.9", port }] }]);
  kept.changed();
}
const written = (): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

it("a member that moves twenty times a second is written down once in five", async () => {
  move(1_000);
  await expect.poll(written).toContain('"port":1000');
  for (let port = 1_001; port < 1_090; port += 1) {
    move(port);
    vi.advanceTimersByTime(50);
  }
  expect(written()).toContain('"port":1000');
  vi.advanceTimersByTime(5_000);
  await expect.poll(written).toContain('"port":1089');
});

it("what was not written yet is written at the end", async () => {
  move(1_000);
  move(1_001);
  await kept.stop();
  expect(written()).toContain('"port":1001');
});
