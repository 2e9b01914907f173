// A plan with a replacement and a firewall that opens: its stack, and what the real Terraform said of it with the stand-in.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { MeshPlan } from "../../../../cli/engine/deploy/contract.ts";
import { type ReviewParameters, reviewPlan } from "../../../../cli/engine/review/review.ts";
import { Droplet, LocalHost, type Mesh } from "../../../../constructs/index.ts";
import type { MeshModel } from "../../../../constructs/model.ts";
import { terraformOf } from "../../../../constructs/terraform.ts";
import { office, synth } from "../../../constructs/mesh.ts";

const small = { size: "s-1vcpu-1gb", ssh: ["203.0.113.7/32"] } as const;

/** Before: a hub in Frankfurt and two gateways that let SSH in from the office alone. */
export function buildBefore(mesh: Mesh): undefined {
  mesh.coordinator("hub", new Droplet({ ...small, region: "fra1", reservedIp: true }));
  for (const region of ["ams3", "nyc3"]) mesh.node(`gw-${region}`, new Droplet({ ...small, region }));
}

/** After: the hub moves to Amsterdam, one gateway grows, one goes, one comes, and SSH is open to everybody. */
export function buildAfter(mesh: Mesh): undefined {
  const open = { ...small, ssh: ["0.0.0.0/0"] } as const;
  mesh.coordinator("hub", new Droplet({ ...small, region: "ams3", reservedIp: true }));
  mesh.node("gw-ams3", new Droplet({ ...open, size: "s-2vcpu-2gb", region: "ams3" }));
  mesh.node("gw-lon1", new Droplet({ ...open, region: "lon1", volume: { gib: 10, mount: "/data" } }));
}

/** What hosts and members would say of it, of which no Terraform knows. */
export const meshPlan: MeshPlan = {
  mesh: "office-main",
  meshId: "cd".repeat(32),
  stage: "main",
  release: "0.2.0-0123456789abcdef",
  hosts: [
    { name: "gw-ams3", role: "node", basis: "recorded", steps: [] },
    { name: "gw-lon1", role: "node", basis: "assumed", steps: [{ id: "release", title: "install the release" }] },
    { name: "hub", role: "coordinator", basis: "assumed", steps: [{ id: "release", title: "install the release" }] },
  ],
  members: { added: ["gw-lon1"], removed: ["gw-nyc3"], renamed: [], changed: [], unchanged: ["gw-ams3", "hub"] },
  changes: 4,
};

/** Freshly read, so that a test may change it. */
export function readShown(): Shown {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, "golden/shown.json"), "utf8"));
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of Terraform, changed by the tests as they need
export type Shown = any;

export function modelAfter(): Promise<MeshModel> {
  return synth(office(buildAfter));
}

export async function reviewRecorded(changed: Partial<ReviewParameters> = {}) {
  const model = changed.model ?? (await modelAfter());
  return reviewPlan({
    model,
    terraform: terraformOf(model),
    shown: readShown(),
    result: meshPlan,
    deployed: { allow: model.policy.allow, at: Date.UTC(2026, 10, 20) },
    environment: {},
    now: Date.UTC(2026, 10, 27, 12),
    commit: "0123456789abcdef0123456789abcdef01234567",
    ...changed,
  });
}

const quiet: MeshPlan = {
  ...meshPlan,
  hosts: [{ name: "hub", role: "coordinator", basis: "live", steps: [] }],
  members: { added: [], removed: [], renamed: [], changed: [], unchanged: ["hub"] },
  changes: 0,
};

/** A plan of a stack without a cloud, in which nothing changes but what `result` says. */
export async function reviewNothing(result: MeshPlan = quiet) {
  const model = await synth(office((mesh) => void mesh.coordinator("hub", new LocalHost())));
  const deployed = { allow: [], at: Date.UTC(2026, 10, 20) };
  return reviewPlan({ model, result, deployed, environment: {}, now: Date.UTC(2026, 10, 27, 12) });
}
