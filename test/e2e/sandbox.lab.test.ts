// A mesh on droplets of the sandbox cloud: made, changed, seen from a second laptop, and taken away without a trace.
import { cpSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { DeployResult, DestroyResult, PlanResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
import { drift } from "../../cli/engine/sandbox/drift.ts";
import { sandboxPlace } from "../../cli/engine/sandbox/place.ts";
import { removeSandbox, sandboxStatus } from "../../cli/engine/sandbox/sandbox.ts";
import { Project } from "./project.ts";

// Its droplets are apart from the local hosts of other tests, so that it runs beside them, with the labs.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });
const place = sandboxPlace(`/var/lib/tunnelmesh-sandbox-e2e-${process.pid}`);
const project = new Project("cloud").create("");
const laptop = mkdtempSync(path.join(tmpdir(), "tm-e2e-laptop-"));
project.environment = { TM_SANDBOX_DIR: place.folder, TM_SANDBOX: "1", TM_PROVIDER_POLL_DELAY: "200" };

/** The state is one that a team shares: the sandbox keeps it, as the cloud would. */
function write(members: string): void {
  writeFileSync(
    path.join(project.folder, "stack.ts"),
    `import { defineStack, Droplet, Mesh, state, tcp } from "tunnelmesh";
export default defineStack(${JSON.stringify(project.stack)}, () => {
  const mesh = new Mesh({ admins: ["./keys/admin.pub"] });
  void tcp;
  const cloud = { size: "s-1vcpu-1gb", region: "fra1", ssh: ["0.0.0.0/0"] } as const;
${members}
  return { mesh, state: state.spaces({ bucket: "office", region: "fra1" }), outputs: { at: cloud.region } };
});
`,
  );
}

const hub = `  mesh.coordinator("hub", new Droplet({ ...cloud, reservedIp: true }));`;
const agreed = ["--format", "json", "--out", "agreed.json"];

/** What Terraform saved of a plan, which holds secrets. */
function savedPlans(): readonly string[] {
  return globSync("**/*.tfplan", { cwd: path.join(project.folder, ".tm") });
}

async function expectRefused(flags: readonly string[]): Promise<void> {
  const { code, stdout } = await project.tm(["deploy", "--yes", "--json", ...flags]);
  expect([code, JSON.parse(stdout).error?.code, savedPlans()]).toEqual([4, "TM_PLAN_CHANGED", []]);
}

const states = ({ hosts }: DeployResult | DestroyResult) =>
  Object.fromEntries(hosts.map(({ name, state }) => [name, state]));

afterAll(async () => {
  await project.tm(["destroy", "--yes"]);
  await removeSandbox(place);
  for (const folder of [project.folder, laptop]) rmSync(folder, { recursive: true, force: true });
});

describe("a mesh on droplets", () => {
  it("is planned, made, changed, and removed", async () => {
    write(`${hub}\n  mesh.node("gw", new Droplet(cloud));`);
    const plan = await project.json<PlanResult>(["plan", ...agreed]);
    expect(plan.resources?.filter(({ member }) => member === "gw").map(({ action }) => action)).toEqual(["create"]);
    expect(plan.hosts.map(({ basis }) => basis)).toEqual(["assumed", "assumed"]);
    const made = await project.json<DeployResult>(["deploy", "--yes", "--plan", "agreed.json"]);
    expect(states(made)).toEqual({ hub: "installed", gw: "installed" });
    expect(made.hosts.find(({ name }) => name === "hub")?.address, "a reserved address").toMatch(/^198\.19\.255\./);
    const ping = await project.tm(["exec", "gw", "--", "ping", "-c", "3", "-W", "5", "hub.mesh"]);
    expect(ping, ping.stdout + ping.stderr).toMatchObject({ code: 0 });

    // Another region would be another machine: nobody has named it, so a plan says so, and a deploy does nothing.
    write(`${hub}\n  mesh.node("gw", new Droplet({ ...cloud, region: "ams3" }));`);
    const shown = await project.tm(["plan", "--json", "--fail-on", "replace", "--fail-on", "refused"]);
    const { review, breaches } = JSON.parse(shown.stdout) as PlanResult & { readonly breaches: readonly string[] };
    expect(breaches).toEqual(["1 replaced", "1 replaced that no --replace names"]);
    expect([shown.code, review.replace, review.risk]).toEqual([3, ["gw"], "destructive"]);
    expect(review.changes.find(({ refusedWithout }) => refusedWithout !== undefined)?.words).toMatch(
      /^gw: droplet will be REPLACED because region changes \(fra1 → ams3\); deploy will refuse it without --replace gw;/,
    );
    const refused = await project.tm(["deploy", "--yes", "--json"]);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: "TM_CLOUD_REPLACES",
      detail: expect.stringMatching(/droplet of gw .*region/),
    });

    expect(savedPlans()).toEqual([]);

    // One grows in place, one comes, with a setup that runs once.
    const setup = JSON.stringify("#!/bin/sh\necho ran >> /root/setup-ran\n");
    write(`${hub}
  const gw = mesh.node("gw", new Droplet({ ...cloud, size: "s-2vcpu-2gb" }));
  mesh.allow(gw, mesh.node("late", new Droplet({ ...cloud, setup: ${setup} })), tcp(22));`);
    // The digest of the stack before, then a plan of this one while somebody renames a droplet: both are refused, and nothing is done.
    const [before] = (await sandboxStatus(place)).droplets.filter(({ name }) => name === "gw");
    await expectRefused(["--expect-digest", plan.review.digest]);
    const growing = await project.json<PlanResult>(["plan", ...agreed]);
    expect(growing.review.accessChanges).toMatchObject({
      ...{ basis: "deployed", gained: [{ words: "gw may newly reach late: tcp 22" }], lost: [] },
    });
    await drift({ kind: "rename", target: before!.name, value: "elsewhere" }, place);
    await expectRefused(["--plan", "agreed.json"]);
    await drift({ kind: "rename", target: "elsewhere", value: before!.name }, place);
    expect((await sandboxStatus(place)).droplets).toContainEqual(before);
    const grown = await project.json<DeployResult>(["deploy", "--yes", "--expect-digest", growing.review.digest]);
    expect(states(grown)).toEqual({ hub: "unchanged", gw: "unchanged", late: "installed" });
    const again = await project.json<PlanResult>(["plan"]);
    expect([again.changes, again.resources]).toEqual([0, []]);
    expect(again.review.accessChanges).toMatchObject({ basis: "deployed", gained: [], lost: [] });

    // The second laptop has the repository and the admin's key, and nothing of .tm; nobody has committed the policy.
    for (const one of ["stack.ts", "package.json", "keys", "mesh"]) {
      cpSync(path.join(project.folder, one), path.join(laptop, one), { recursive: true });
    }
    rmSync(path.join(laptop, "mesh/main.policy.json"));
    const other = new Project("cloud", laptop);
    other.environment = project.environment;
    const seen = await other.json<StatusResult>(["status"]);
    expect(seen.hosts.map(({ name, agent }) => [name, agent?.state])).toEqual(
      ["gw", "hub", "late"].map((name) => [name, "up"]),
    );
    // Its plan is the first one's, access and all: the coordinator knows what was deployed.
    const theirs = await other.json<PlanResult>(["plan"]);
    expect([theirs.review.digest, theirs.review.accessChanges]).toEqual([
      ...[again.review.digest, again.review.accessChanges],
    ]);
    const ran = await other.tm(["exec", "late", "--", "cat", "/root/setup-ran"]);
    expect(ran.stdout.match(/ran/g)).toHaveLength(1);

    const gone = await project.json<DestroyResult>(["destroy", "--yes"]);
    expect(states(gone)).toEqual({ hub: "removed", gw: "removed", late: "removed" });
    const { droplets, counts } = await sandboxStatus(place);
    expect(droplets).toEqual([]);
    expect(counts).toEqual(Object.fromEntries(Object.keys(counts).map((kind) => [kind, 0])));
  });
});
