// Archives of releases: what is in them, made once, the same bytes each time.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packRelease } from "../../../../cli/engine/install/archive.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tm-archive-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const makeRelease = (name: string) => {
  const place = path.join(folder, name);
  mkdirSync(place);
  for (const file of ["node", "agent.mjs", "coordinator.mjs", "koffi.node", "release.json"]) {
    writeFileSync(path.join(place, file), `${file}\n`.repeat(1000));
  }
  return { version: "1.0.0", hash: "a".repeat(64), architecture: "x64", folder: place } as const;
};
const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

it("holds all files with their modes and a list that sha256sum takes", async () => {
  const { file, size } = await packRelease(makeRelease("one"));
  expect(size).toBe(statSync(file).size);
  const target = path.join(folder, "unpacked");
  mkdirSync(target);
  execFileSync("tar", ["-xzf", file, "-C", target]);
  execFileSync("sha256sum", ["-c", "--quiet", "SHA256SUMS"], { cwd: target });
  expect(readFileSync(path.join(target, "SHA256SUMS"), "utf8").trim().split("\n")).toHaveLength(5);
  expect(statSync(path.join(target, "node")).mode & 0o777).toBe(0o755);
  expect(statSync(path.join(target, "agent.mjs")).mode & 0o777).toBe(0o644);
});

it("is made once for all who ask, has the same bytes each time, and leaves nothing half-made", async () => {
  const release = makeRelease("one");
  const [first, second] = await Promise.all([packRelease(release), packRelease(release)]);
  expect(first).toBe(second);
  const other = await packRelease(makeRelease("two"));
  expect(digest(other.file)).toBe(digest(first.file));
  expect(readdirSync(folder).toSorted()).toEqual(["one", "one.tar.gz", "two", "two.tar.gz"]);
});

it("fails with the cause and leaves nothing where a release is not there", async () => {
  const release = { ...makeRelease("one"), folder: path.join(folder, "missing") };
  await expect(packRelease(release)).rejects.toThrow("ENOENT");
  expect(readdirSync(folder)).toEqual(["one"]);
});
