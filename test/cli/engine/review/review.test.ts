// A reviewed plan says in the mesh's words what happens, what is lost, who gets in, what it costs, and has a digest of its own.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { breachesOf, failures } from "../../../../cli/engine/review/failures.ts";
import { hasChanges, planSchema } from "../../../../cli/engine/review/plan.ts";
import { digestOfFile, refuseOther } from "../../../../cli/engine/review/plan-file.ts";
import { renderPlanMarkdown } from "../../../../cli/output/review/markdown.ts";
import { Droplet, icmp } from "../../../../constructs/index.ts";
import { office, synth } from "../../../constructs/mesh.ts";
import { root } from "../../run-tm.ts";
import { buildAfter, meshPlan, modelAfter, readShown, reviewNothing, reviewRecorded } from "./recorded.ts";

describe("a plan with a replacement and a firewall that opens", () => {
  it("is tm.plan/v1, counts what happens, and is destructive", async () => {
    const plan = await reviewRecorded();
    expect(planSchema.parse(plan)).toEqual(plan);
    expect(plan.summary).toMatchObject({ create: 3, update: 2, replace: 3, delete: 3, noop: 6, steps: 2, members: 2 });
    expect(plan.risk).toBe("destructive");
    expect(plan).toMatchObject({ terraform: "1.11.4", provider: expect.stringMatching(/digitalocean 2\.71\.0$/) });
  });

  it("says what forces the replacement and what it takes with it", async () => {
    const { changes } = await reviewRecorded();
    const hub = changes.find(({ address }) => address === "digitalocean_droplet.hub");
    expect(hub).toMatchObject({
      node: "hub",
      constructPath: "office-main/droplet-hub",
      action: "replace",
      forcedBy: ["region", "vpc_uuid"],
      consequences: ["only-coordinator", "host-lost"],
      words:
        "hub: droplet will be REPLACED because region changes (fra1 → ams3); it is the only coordinator: until a new one runs " +
        "nobody can join, and nodes that lose each other stay apart; its disk and its identity in the mesh are lost",
    });
    const gone = changes.find(({ address }) => address === "digitalocean_droplet.gw-nyc3");
    expect(gone).toMatchObject({ node: "gw-nyc3", action: "delete" });
    expect(changes.find(({ node, action }) => node === "gw-ams3" && action === "update")?.words).toBe(
      "gw-ams3: droplet will change in place: size s-1vcpu-1gb → s-2vcpu-2gb; it is off while that happens",
    );
  });

  it("calls out SSH that is open to everybody, once for all nodes behind the firewall", async () => {
    const { findings } = await reviewRecorded();
    expect(findings.filter(({ id }) => id === "ssh-open")).toEqual([
      {
        id: "ssh-open",
        level: "danger",
        nodes: ["gw-ams3", "gw-lon1"],
        detail: ["tcp 22 from 0.0.0.0/0"],
        words: "SSH of gw-ams3, gw-lon1 will be open to the whole internet (tcp 22 from 0.0.0.0/0)",
      },
    ]);
    expect(findings.map(({ level }) => level)).toEqual([...Array(4).fill("danger"), "warning"]);
  });

  it("says what it costs, with the day of the prices, and what has no known price", async () => {
    expect((await reviewRecorded()).cost).toMatchObject({
      monthlyBefore: 18,
      monthlyAfter: 31,
      asOf: "2026-08-15",
      unknown: [],
    });
    const shown = readShown();
    const grown = shown.resource_changes.find(
      ({ address }: { address: string }) => address === "digitalocean_droplet.gw-ams3",
    );
    grown.change.after.size = "s-99vcpu-1tb";
    expect((await reviewRecorded({ shown })).cost).toMatchObject({
      monthlyAfter: 13,
      unknown: [{ address: "digitalocean_droplet.gw-ams3", what: "s-99vcpu-1tb" }],
    });
  });

  it("says which replacement a deploy will refuse, and what it must be given", async () => {
    const unnamed = [{ address: "digitalocean_droplet.hub", member: "hub" }];
    const plan = await reviewRecorded({ unnamed });
    expect(plan.changes.find(({ address }) => address === unnamed[0]?.address)).toMatchObject({
      refusedWithout: "hub",
      words: expect.stringMatching(
        /because region changes \(fra1 → ams3\); deploy will refuse it without --replace hub;/,
      ),
    });
    const lost = plan.findings.find(({ id, nodes }) => id === "host-lost" && nodes.includes("hub"));
    const documents = readFileSync(path.join(root, "docs/plan-review.md"), "utf8");
    expect(documents).toContain(`!! ${lost?.words}\n`);
    expect(renderPlanMarkdown(plan)).toContain("`tm deploy --stage main --replace hub --expect-digest sha256:");
    const named = await reviewRecorded({ replace: ["hub"] });
    expect([named.digest, named.replace, breachesOf(named, ["refused"])]).toEqual([plan.digest, ["hub"], []]);
    expect(breachesOf(plan, ["refused"])).toEqual(["1 replaced that no --replace names"]);
  });

  it("calls out a droplet that would be made a second time for a member", async () => {
    const unnamed = [{ address: "digitalocean_droplet.gw-lon1", member: "gw-lon1" }];
    const finding = (await reviewRecorded({ unnamed })).findings.find(({ id }) => id === "refused");
    expect([finding?.level, finding?.words]).toEqual([
      "danger",
      "gw-lon1: droplet will be created; deploy will refuse it without --replace gw-lon1",
    ]);
  });

  it("is refused by each word of --fail-on that fits, and by no other", async () => {
    const plan = await reviewRecorded();
    expect(failures.filter((word) => breachesOf(plan, [word]).length > 0)).toEqual([
      ...["destroy", "replace", "widening", "any"],
    ]);
    expect(breachesOf(await reviewNothing(), failures)).toEqual([]);
  });
});

describe("a plan of a stack without a cloud", () => {
  it("has no changes when no host and no member has any", async () => {
    const plan = await reviewNothing();
    expect(planSchema.parse(plan)).toEqual(plan);
    expect([hasChanges(plan), plan.risk, plan.cost]).toEqual([false, "none", undefined]);
  });
});

describe("the digest", () => {
  it("is the same on two machines: other time, folder, reach of hosts, order, prices read, and secrets around", async () => {
    const shown = readShown();
    shown.resource_changes.reverse();
    shown.terraform_version = "1.13.0";
    shown.resource_drift = [];
    for (const { change } of shown.resource_changes) {
      if (change.before?.ipv4_address === undefined) continue;
      change.before.ipv4_address = "192.0.2.1";
      if (change.after?.ipv4_address !== undefined) change.after.ipv4_address = "192.0.2.1";
    }
    const other = await reviewRecorded({
      shown,
      now: Date.UTC(2027, 1, 1),
      commit: undefined,
      environment: { CI_TOKEN: "dop_v1_0123456789abcdef", HOME: "/home/bob" },
      result: {
        ...meshPlan,
        meshId: "ab".repeat(32),
        hosts: [],
        members: { ...meshPlan.members, added: [], unchanged: [] },
      },
    });
    expect(other.digest).toBe((await reviewRecorded()).digest);
  });

  it("is another one when resources, members, policy or release are", async () => {
    const shown = readShown();
    shown.resource_changes[0].change.after.size = "s-4vcpu-8gb";
    const without = await synth(
      office((mesh) => void mesh.coordinator("hub", new Droplet({ region: "ams3", size: "s-1vcpu-1gb", ssh: [] }))),
    );
    const policy = await synth(
      office((mesh) => {
        buildAfter(mesh);
        mesh.allow(mesh.group("a"), mesh.group("b"), icmp);
        return undefined;
      }),
    );
    const digests = await Promise.all([
      reviewRecorded(),
      reviewRecorded({ shown }),
      reviewRecorded({ model: without }),
      reviewRecorded({ model: policy }),
      reviewRecorded({ result: { ...meshPlan, release: "0.3.0-0123456789abcdef" } }),
    ]);
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(5);
  });

  it("binds a deploy: another one is refused with exit code 4, and so is a plan of another stage or of long ago", async () => {
    const plan = await reviewRecorded();
    const now = Date.parse(plan.createdAt);
    expect(() => refuseOther(plan, digestOfFile(plan, plan, now))).not.toThrow();
    const other = await reviewRecorded({ result: { ...meshPlan, release: "0.3.0-0123456789abcdef" } });
    expect(() => refuseOther(other, digestOfFile(plan, plan, now))).toThrow(
      expect.objectContaining({ code: "TM_PLAN_CHANGED", exitCode: 4 }),
    );
    const stale = expect.objectContaining({ code: "TM_PLAN_STALE", exitCode: 4 });
    expect(() => digestOfFile(plan, { stack: "office", stage: "prod" }, now)).toThrow(stale);
    expect(() => digestOfFile(plan, plan, now + 8 * 86_400_000)).toThrow(stale);
  });
});

describe("Terraform's JSON", () => {
  it("of a form that is not known is refused, not guessed at", async () => {
    const model = await modelAfter();
    for (const shown of [{}, [], "plan", { format_version: "2.0", terraform_version: "9", resource_changes: [] }]) {
      await expect(reviewRecorded({ model, shown })).rejects.toMatchObject({ code: "TM_TERRAFORM_FAILED" });
    }
  });
});
