// A mesh on droplets of the sandbox cloud: made, changed, seen from a second laptop, and taken away without a trace.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { DeployResult, DestroyResult, PlanResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
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
    `import { defineStack, Droplet, Mesh, state } from "tunnelmesh";
export default defineStack(${JSON.stringify(project.stack)}, () => {
  const mesh = new Mesh({ admins: ["./keys/admin.pub"] });
  const cloud = { size: "s-1vcpu-1gb", region: "fra1", ssh: ["0.0.0.0/0"] } as const;
${members}
  return { mesh, state: state.spaces({ bucket: "office", region: "fra1" }), outputs: { at: cloud.region } };
});
`,
  );
}

const hub = `  mesh.coordinator("hub", new Droplet({ ...cloud, reservedIp: true }));`;
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
    const plan = await project.json<PlanResult>(["plan"]);
    expect(plan.resources?.filter(({ member }) => member === "gw").map(({ action }) => action)).toEqual(["create"]);
    expect(plan.hosts.map(({ basis }) => basis)).toEqual(["assumed", "assumed"]);
    const made = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(states(made)).toEqual({ hub: "installed", gw: "installed" });
    expect(made.hosts.find(({ name }) => name === "hub")?.address, "a reserved address").toMatch(/^198\.19\.255\./);
    const ping = await project.tm(["exec", "gw", "--", "ping", "-c", "3", "-W", "5", "hub.mesh"]);
    expect(ping, ping.stdout + ping.stderr).toMatchObject({ code: 0 });

    // Another region would be another machine: nobody has named it, so nothing happens.
    write(`${hub}\n  mesh.node("gw", new Droplet({ ...cloud, region: "ams3" }));`);
    const refused = await project.tm(["deploy", "--yes", "--json"]);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: "TM_CLOUD_REPLACES",
      detail: expect.stringMatching(/droplet of gw .*region/),
    });

    // One grows in place, one comes, with a setup that runs once.
    const setup = JSON.stringify("#!/bin/sh\necho ran >> /root/setup-ran\n");
    write(`${hub}
  mesh.node("gw", new Droplet({ ...cloud, size: "s-2vcpu-2gb" }));
  mesh.node("late", new Droplet({ ...cloud, setup: ${setup} }));`);
    const grown = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(states(grown)).toEqual({ hub: "unchanged", gw: "unchanged", late: "installed" });
    const again = await project.json<PlanResult>(["plan"]);
    expect([again.changes, again.resources]).toEqual([0, []]);

    // The second laptop has the repository and the admin's key, and nothing of .tm.
    for (const one of ["stack.ts", "package.json", "keys", "mesh"]) {
      cpSync(path.join(project.folder, one), path.join(laptop, one), { recursive: true });
    }
    const other = new Project("cloud", laptop);
    other.environment = project.environment;
    const seen = await other.json<StatusResult>(["status"]);
    expect(seen.hosts.map(({ name, agent }) => [name, agent?.state])).toEqual(
      ["gw", "hub", "late"].map((name) => [name, "up"]),
    );
    const ran = await other.tm(["exec", "late", "--", "cat", "/root/setup-ran"]);
    expect(ran.stdout.match(/ran/g)).toHaveLength(1);

    const gone = await project.json<DestroyResult>(["destroy", "--yes"]);
    expect(states(gone)).toEqual({ hub: "removed", gw: "removed", late: "removed" });
    const { droplets, counts } = await sandboxStatus(place);
    expect(droplets).toEqual([]);
    expect(counts).toEqual(Object.fromEntries(Object.keys(counts).map((kind) => [kind, 0])));
  });
});
