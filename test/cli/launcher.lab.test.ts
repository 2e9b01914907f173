// ./tm on a fresh clone: with an empty cache and no packages it fetches the pinned Node and the packages, then runs; once.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(path.join(tmpdir(), "tm-launcher-"));
const clone = path.join(folder, "clone");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As a new user has it: the system's own programs, none of this run's Node. */
function launch(parameters: readonly string[], environment: Record<string, string> = {}) {
  const PATH = (process.env["PATH"] ?? "")
    .split(":")
    .filter((part) => part !== path.dirname(process.execPath) && !part.includes("node_modules"))
    .join(":");
  return spawnSync("sh", [path.join(clone, "tm"), ...parameters], {
    cwd: folder,
    encoding: "utf8",
    // What the machine needs to reach its registry stays; what this run set for itself does not.
    env: { ...process.env, XDG_CACHE_HOME: path.join(folder, "cache"), PATH, ...environment },
  });
}

it("fetches what it needs the first time, and nothing the second", () => {
  execFileSync("git", ["clone", "-q", root, clone]);
  const first = launch(["--version"]);
  expect(first.stderr).toContain("fetching Node 24.");
  expect(first.stderr).toContain("installing the packages");
  expect(first.status, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^tunnelmesh\/\d+\.\d+\.\d+ linux-\w+ node-v24\./);
  const second = launch(["--version"]);
  expect(second.stderr).toBe("");
  expect(second.stdout).toBe(first.stdout);
}, 300_000);

it("says what to do when npm is not there", () => {
  rmSync(path.join(folder, "cache"), { recursive: true, force: true });
  const programs = path.join(folder, "programs");
  execFileSync("sh", [
    "-c",
    `mkdir -p ${programs} && for p in sh uname readlink dirname cat mkdir rm cmp sleep; do ln -s "$(command -v $p)" ${programs}/; done`,
  ]);
  const outcome = launch(["--version"], { PATH: programs });
  expect(outcome.status).toBe(1);
  expect(outcome.stderr).toContain("npm is not installed");
  expect(outcome.stderr).toContain("Try this:");
});
