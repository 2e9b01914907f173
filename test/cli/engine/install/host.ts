// Facts and specifications as the tests of the installer vary them.
import type { HostFacts } from "../../../../cli/engine/install/facts.ts";
import type { InstallPlan, InstallSpec } from "../../../../cli/engine/install/plan.ts";
import { type InstallRecord, sha256 } from "../../../../cli/engine/install/record.ts";
import { releaseName } from "../../../../cli/engine/install/specification.ts";

export const meshId = "a".repeat(64);
export const release = { version: "1.0.0", hash: "b".repeat(64), architecture: "x64", folder: "/nonexistent" } as const;

/** A fresh Debian. */
export const freshFacts: HostFacts = {
  architecture: "x64",
  machine: "x86_64",
  os: "debian 12",
  family: "debian",
  memory: 2000,
  selinux: "off",
  appArmor: false,
  optMount: { readOnly: false, noExec: false },
  glibc: "2.36",
  systemd: true,
  tun: true,
  freeOpt: 5000,
  freeVar: 5000,
  missingTools: [],
  routes: [{ destination: "198.18.0.0/24", device: "eth0" }],
  prepared: false,
  releases: [],
  currentRelease: undefined,
  previousRelease: undefined,
  digests: {},
  installed: undefined,
  kept: undefined,
  meshId: undefined,
  agentInstalled: false,
  coordinatorInstalled: false,
  hasNetworkSecret: false,
  services: { agent: { active: false, enabled: false }, coordinator: { active: false, enabled: false } },
};

const base = { mesh: "demo-main", meshId, range: "100.64.0.0/10", release, meshFile: "genesis\n" };
export const nodeSpec: InstallSpec = {
  ...base,
  networkSecret: '{"secret":"deadbeef"}',
  agent: {
    v: 1,
    mesh: "demo-main",
    meshId,
    nid: "c".repeat(64),
    identity: "/etc/ssh/ssh_host_ed25519_key",
    interface: "tm0",
    udpPort: 51820,
    domain: "mesh",
    logLevel: "info",
  },
};
export const hubSpec: InstallSpec = {
  ...nodeSpec,
  coordinator: { v: 1, mesh: "demo-main", meshId, listen: { host: "::", port: 8443 }, logLevel: "info" },
};

/** The facts that a host gives after `plan` was executed on it. */
export function factsAfter(facts: HostFacts, plan: InstallPlan): HostFacts {
  const digests: Record<string, string> = { ...facts.digests };
  const services = { ...facts.services };
  let installed: InstallRecord | undefined = facts.installed;
  for (const step of plan.steps) {
    if (step.kind === "file") digests[step.id] = sha256(step.content);
    if (step.kind === "secret") digests["secret"] = sha256(plan.networkSecret() ?? "");
    if (step.kind === "start") services[step.service] = { active: true, enabled: true };
    if (step.kind === "record") installed = step.record;
  }
  return {
    ...facts,
    prepared: true,
    releases: [...facts.releases, releaseName(plan.release)],
    currentRelease: releaseName(plan.release),
    digests,
    installed,
    services,
    meshId: installed?.meshId,
    agentInstalled: digests["agent"] !== undefined,
    coordinatorInstalled: digests["coordinator"] !== undefined,
    hasNetworkSecret: digests["secret"] !== undefined,
  };
}
