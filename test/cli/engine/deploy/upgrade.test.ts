// The order of an upgrade, and that nothing begins after a host that is not healthy.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UpgradeStep } from "../../../../cli/engine/deploy/contract.ts";
import { versionOf } from "../../../../cli/engine/deploy/upgrade.ts";
import { planUpgrade } from "../../../../cli/engine/deploy/upgrade-order.ts";
import { settleInOrder } from "../../../../cli/engine/deploy/upgrade-steps.ts";
import type { HostFacts } from "../../../../cli/engine/install/facts.ts";
import { releaseName } from "../../../../cli/engine/install/specification.ts";
import type { MemberModel } from "../../../../constructs/model.ts";
import { TunnelMeshError } from "../../../../protocol/errors/error.ts";
import { freshFacts, meshId, release } from "../install/host.ts";

const older = `0.9.0-${"0".repeat(16)}`;
type Installed = "old" | "new" | "none" | "half";

/** half: switched already, but its install was not completed. */
function host(name: string, installed: Installed, more: Partial<MemberModel> = {}) {
  const recorded = installed === "new" ? releaseName(release) : older;
  const record = { v: 1 as const, mesh: "demo-main", meshId, release: recorded, services: {} };
  const facts: HostFacts =
    installed === "none"
      ? freshFacts
      : { ...freshFacts, installed: record, currentRelease: installed === "old" ? older : releaseName(release) };
  const member: MemberModel = {
    name,
    role: name === "hub" ? "coordinator" : "node",
    host: { kind: "ssh", target: name },
    groups: [],
    dnsNames: [],
    routes: [],
    ...more,
  };
  return { member, facts, release };
}

describe("the order of an upgrade", () => {
  it("is the coordinator, one canary with few duties, and the rest with those that are new", () => {
    const router = host("b-router", "old", { routes: ["10.0.0.0/24"] });
    const hosts = [host("hub", "old"), router, host("c", "old"), host("d", "old"), host("e", "none"), host("f", "new")];
    expect(planUpgrade(hosts, undefined)).toEqual([
      { step: "coordinator", hosts: ["hub"] },
      { step: "canary", hosts: ["c"] },
      { step: "rest", hosts: ["b-router", "d", "e"] },
    ]);
    expect(planUpgrade(hosts, "b-router")[1]).toEqual({ step: "canary", hosts: ["b-router"] });
  });

  it("goes on after a kill: what was switched and not completed is upgraded still", () => {
    expect(planUpgrade([host("hub", "new"), host("b", "half"), host("c", "old")], undefined)).toEqual([
      { step: "canary", hosts: ["b"] },
      { step: "rest", hosts: ["c"] },
    ]);
  });

  it("is nothing where no host changes its release", () => {
    expect(planUpgrade([host("hub", "new"), host("b", "none")], undefined)).toEqual([]);
    expect(planUpgrade([host("hub", "none"), host("b", "none")], undefined)).toEqual([]);
  });

  it.each(["hub", "nobody"])("has no place for a canary that is no node: %s", (name) => {
    const plan = () => planUpgrade([host("hub", "old"), host("b", "old")], name);
    expect(plan).toThrow(expect.objectContaining({ code: "TM_UPGRADE_CANARY", exitCode: 64 }));
  });
});

describe("working in order", () => {
  const order: readonly UpgradeStep[] = [
    { step: "coordinator", hosts: ["hub"] },
    { step: "canary", hosts: ["b"] },
    { step: "rest", hosts: ["c", "d", "e", "f"] },
  ];
  const names = ["b", "c", "d", "e", "f", "hub"];
  const hosts = names.map((name) => ({ member: { name } }));
  const signal = new AbortController().signal;

  it("begins no step before the one before is done, and none after a failure", async () => {
    const property = fc.asyncProperty(fc.subarray(names), fc.integer({ min: 1, max: 4 }), async (ill, parallel) => {
      const began: string[] = [];
      const running = new Set<string>();
      const settled = await settleInOrder(hosts, order, parallel, signal, async ({ member: { name } }) => {
        const steps = order.map((step) => step.hosts.includes(name));
        for (const other of running) expect(order[steps.indexOf(true)]?.hosts).toContain(other);
        began.push(name);
        running.add(name);
        await new Promise((resolve) => setImmediate(resolve));
        running.delete(name);
        if (ill.includes(name)) throw new TunnelMeshError("TM_UPGRADE_ROLLED_BACK", { detail: name });
        return name;
      });
      expect(settled.map(({ of }) => of.member.name)).toEqual(names);
      if (ill.includes("hub")) expect(began).toEqual(["hub"]);
      else if (ill.includes("b")) expect(began).toEqual(["hub", "b"]);
      for (const one of settled) {
        const { name } = one.of.member;
        if (one.ok) expect(began).toContain(name);
        else expect(one.error.code).toBe(began.includes(name) ? "TM_UPGRADE_ROLLED_BACK" : "TM_UPGRADE_STOPPED");
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

it("a release's version is what stands before its hash", () => {
  expect(versionOf(`1.2.3-beta.1-${"0a".repeat(8)}`)).toBe("1.2.3-beta.1");
});
