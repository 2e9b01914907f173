// Whether a bucket locks is found out by two writes; a program too old, a key that may not write, a store that ignores conditions.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findLocking, withoutLockFile } from "../../../../cli/engine/state/locking.ts";
import type { StateModel } from "../../../../constructs/model.ts";
import { type Bucket, openBucket } from "./bucket.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tm-locking-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let project = 0;

const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
const terraform = (version: string) => ({ program: "terraform", version, platform: "linux_amd64" });

function find(
  state: StateModel,
  options: { version?: string; environment?: Record<string, string>; folder?: string } = {},
) {
  project += 1;
  return findLocking({
    model: { state, stack: "office", stage: "main" },
    binary: terraform(options.version ?? "1.11.4"),
    environment: options.environment ?? keys,
    folder: options.folder ?? path.join(folder, String(project)),
    signal: new AbortController().signal,
  });
}
const at = (bucket: Bucket, name = "states"): StateModel => ({
  kind: "s3",
  bucket: name,
  region: "us-east-1",
  endpoint: bucket.url,
});

describe("the lock on a state in a bucket", () => {
  it("is there when the second write of one object is refused, which is tried once", async () => {
    await using bucket = await openBucket("states");
    const memory = path.join(folder, "once");
    expect(await find(at(bucket), { folder: memory })).toEqual({ kind: "locks" });
    expect(bucket.asked.map((line) => line.replace(/ \S+ /, " "))).toEqual(["PUT 200", "PUT 412", "DELETE 204"]);
    expect(bucket.objects.size, "nothing is left behind").toBe(0);
    await find(at(bucket), { folder: memory });
    expect(bucket.asked).toHaveLength(3);
    await find({ ...at(bucket), region: "eu" } as StateModel, { folder: memory });
    expect(bucket.asked, "another store is another question").toHaveLength(6);
  });

  it.each([
    ["ignored", /let two runs write one lock/],
    ["refused", /takes no conditional writes \(NotImplemented\)/],
  ] as const)("is not there when conditions are %s, and every run says so", async (conditions, why) => {
    await using bucket = await openBucket("states");
    bucket.conditions = conditions;
    const memory = path.join(folder, conditions);
    for (const _ of [1, 2]) {
      expect(await find(at(bucket), { folder: memory })).toEqual({ kind: "none", why: expect.stringMatching(why) });
    }
    expect(bucket.objects.size).toBe(0);
  });

  it("stays an open question for a key that may not write, and without one", async () => {
    await using bucket = await openBucket("states");
    bucket.readOnly = true;
    expect(await find(at(bucket))).toEqual({ kind: "locks", unproven: expect.stringContaining("AccessDenied") });
    expect(await find(at(bucket), { environment: {} })).toMatchObject({ kind: "locks", unproven: /no access key/ });
  });

  it("needs a bucket, and a store that answers", async () => {
    const bucket = await openBucket("states");
    await expect(find(at(bucket, "others"))).rejects.toMatchObject({
      code: "TM_STATE_STORE",
      detail: /no bucket others/,
    });
    await bucket[Symbol.asyncDispose]();
    await expect(find(at(bucket))).rejects.toMatchObject({ code: "TM_STATE_STORE", detail: /ECONNREFUSED/ });
  });

  it("is asked for with the store's own names of keys too", async () => {
    await using bucket = await openBucket("states");
    const environment = { SPACES_ACCESS_KEY_ID: "id", SPACES_SECRET_ACCESS_KEY: "secret" };
    expect(await find(at(bucket), { environment })).toEqual({ kind: "locks" });
  });

  it("needs a Terraform that can, and is taken for granted at Amazon's", async () => {
    const amazon: StateModel = { kind: "s3", bucket: "states", region: "eu-west-1" };
    expect(await find(amazon)).toEqual({ kind: "locks" });
    expect(await find(amazon, { version: "1.9.8" })).toEqual({ kind: "none", why: expect.stringContaining("1.9.8") });
    expect(await find({ kind: "local" }, { version: "1.5.0" })).toEqual({ kind: "locks" });
  });
});

it("leaves the lock file out of the JSON, and nothing else", () => {
  const json = {
    terraform: { backend: { s3: { bucket: "b", use_lockfile: true } }, required_version: "1" },
    resource: {},
  };
  expect(withoutLockFile(json)).toEqual({
    terraform: { backend: { s3: { bucket: "b" } }, required_version: "1" },
    resource: {},
  });
  expect(withoutLockFile({ terraform: { backend: { pg: {} } } })).toEqual({ terraform: { backend: { pg: {} } } });
});
