// Which policy was deployed last: kept with the records and beside the mesh file, and believed no further than it can be read.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LoadedStack } from "../../../../cli/engine/deploy/contract.ts";
import {
  deployedRules,
  keepPolicy,
  readPolicyFile,
  recordedPolicy,
  removePolicyFile,
  writePolicyFile,
} from "../../../../cli/engine/deploy/deployed-policy.ts";
import { knownPolicy, readRecords } from "../../../../cli/engine/deploy/known-hosts.ts";
import type { PolicyModel } from "../../../../constructs/model.ts";

type Rules = PolicyModel["allow"];
const ruleOf = (name: string): Rules[number] => ({
  from: { kind: "group", name },
  to: { kind: "cidr", cidr: "10.0.0.0/8" },
  services: [{ protocol: "tcp", ports: [{ from: 22, to: 22 }] }],
});
const rules = [ruleOf("people")];
const meshId = "ab".repeat(32);

describe("a policy that is kept", () => {
  it("says since when it is deployed, also when it is deployed again", () => {
    const first = keepPolicy(rules, 1000, undefined);
    expect(first).toMatchObject({ at: 1000, allow: rules });
    expect(keepPolicy(rules, 2000, first)).toEqual(first);
    expect(keepPolicy([], 3000, first)).toMatchObject({ at: 3000, allow: [] });
  });

  it("is the newest that is known, and unknown where that cannot be read", () => {
    const [old, recent] = [keepPolicy(rules, 1000, undefined), keepPolicy([], 2000, undefined)];
    expect(deployedRules([old, undefined, recent])).toEqual({ allow: [], at: 2000 });
    expect(deployedRules([undefined])).toBeUndefined();
    const { allow: _, ...bare } = recent;
    expect(deployedRules([old, bare])).toBeUndefined();
    expect(deployedRules([bare, { ...recent, at: 1500 }])).toEqual({ allow: [], at: 2000 });
    expect(deployedRules([{ ...recent, allow: rules }]), "rules of another hash").toBeUndefined();
  });

  it("goes into a record by its hash alone where it is long: a record has 64 KiB for all", () => {
    const long = keepPolicy(
      Array.from({ length: 1000 }, (_, index) => ruleOf(`group-${index}`)),
      1,
      undefined,
    );
    expect(recordedPolicy(keepPolicy(rules, 1, undefined)).allow).toEqual(rules);
    expect(recordedPolicy(long)).toEqual({ at: 1, sha256: long.sha256 });
    expect(deployedRules([recordedPolicy(long), long])?.allow).toHaveLength(1000);
  });

  it("is read from records, of which one without it, or with a damaged one, says nothing of it", () => {
    const record = { at: 1, by: "a@b", release: "0.1.0-abc" };
    const policy = keepPolicy(rules, 1, undefined);
    const records = readRecords([
      { ...record, at: 3 },
      { ...record, at: 2, policy: { at: 2, sha256: "short" } },
      { ...record, policy },
    ]);
    expect(records).toHaveLength(3);
    expect(knownPolicy(records)).toEqual(policy);
  });
});

describe("mesh/STAGE.policy.json", () => {
  let loaded: LoadedStack;
  let file: string;
  beforeEach(() => {
    const projectFolder = mkdtempSync(path.join(tmpdir(), "tm-policy-"));
    loaded = { projectFolder, stage: "prod" } as LoadedStack;
    file = path.join(projectFolder, "mesh/prod.policy.json");
    mkdirSync(path.dirname(file));
  });
  afterEach(() => rmSync(loaded.projectFolder, { recursive: true, force: true }));

  it("is read as it was written, is of one mesh, and goes with it", async () => {
    const policy = keepPolicy(rules, 1000, undefined);
    await writePolicyFile(loaded, meshId, policy);
    expect(await readPolicyFile(loaded, meshId)).toEqual(policy);
    expect(await readPolicyFile(loaded, "cd".repeat(32))).toBeUndefined();
    await removePolicyFile(loaded);
    expect(await readPolicyFile(loaded, meshId)).toBeUndefined();
  });

  it("is written for other rules alone: whoever commits it sees no change otherwise", async () => {
    await writePolicyFile(loaded, meshId, keepPolicy(rules, 1000, undefined));
    const { mtimeMs } = statSync(file);
    await writePolicyFile(loaded, meshId, keepPolicy(rules, 2000, undefined));
    expect([statSync(file).mtimeMs, JSON.parse(readFileSync(file, "utf8")).at]).toEqual([mtimeMs, 1000]);
    await writePolicyFile(loaded, meshId, keepPolicy([], 3000, undefined));
    expect((await readPolicyFile(loaded, meshId))?.at).toBe(3000);
  });

  it.each([
    ["no JSON", "<<<<<<< HEAD\n"],
    ["another form", "{}"],
    ["a range that is none", { allow: [{ ...rules[0], to: { kind: "cidr", cidr: "10.0.0.0" } }] }],
    ["a port that is none", { allow: [{ ...rules[0], services: [{ protocol: "tcp", ports: [{ from: 0, to: 9 }] }] }] }],
  ])("says nothing where it is %s", async (_, content) => {
    const policy = { v: 1, meshId, ...keepPolicy(rules, 1, undefined) };
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify({ ...policy, ...content }));
    expect(await readPolicyFile(loaded, meshId)).toBeUndefined();
  });
});
