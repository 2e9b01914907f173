// Plans of installs: what is due on a fresh host, on one that has it all, on one that was interrupted, and what is refused.
import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../../cli/engine/install/facts.ts";
import { type InstallPlan, type InstallSpec, planInstall } from "../../../../cli/engine/install/plan.ts";
import { supportedArchitecture } from "../../../../cli/engine/install/refusals.ts";
import { agentUnitText, coordinatorUnitText } from "../../../../cli/engine/install/units.ts";
import { factsAfter, freshFacts, hubSpec, nodeSpec } from "./host.ts";

const ids = (plan: InstallPlan) => plan.steps.map(({ id }) => id);
const installed = (spec: InstallSpec) => factsAfter(freshFacts, planInstall(freshFacts, spec));

describe("a plan", () => {
  it("does everything on a fresh host, in an order in which each step finds what it needs", () => {
    expect(ids(planInstall(freshFacts, hubSpec))).toEqual([
      "prepare",
      "upload",
      "coordinator",
      "agent",
      "meshFile",
      "coordinatorUnit",
      "agentUnit",
      "secret",
      "switch",
      "reload",
      "start-coordinator",
      "start-agent",
      "health-coordinator",
      "health-agent",
      "record",
    ]);
  });

  it.each([
    ["node", nodeSpec],
    ["coordinator", hubSpec],
  ] as const)("does nothing on a %s that has it all", (_, spec) => {
    const plan = planInstall(installed(spec), spec);
    expect(plan).toMatchObject({ steps: [], changes: false });
    // A deploy that only looks has not fetched the secret.
    expect(planInstall(installed(spec), { ...spec, networkSecret: "" }).steps).toEqual([]);
  });

  it("finishes from every point at which an install was interrupted", () => {
    const plan = planInstall(freshFacts, hubSpec);
    for (let done = 0; done <= plan.steps.length; done += 1) {
      const partial: InstallPlan = { ...plan, steps: plan.steps.slice(0, done) };
      const reached = new Set(partial.steps.map(({ kind }) => kind));
      const after = factsAfter(freshFacts, partial);
      const facts: HostFacts = {
        ...after,
        prepared: reached.has("prepare"),
        releases: reached.has("upload") ? after.releases : [],
        currentRelease: reached.has("switch") ? after.currentRelease : undefined,
      };
      const rest = planInstall(facts, hubSpec);
      expect(planInstall(factsAfter(facts, rest), hubSpec).changes).toBe(false);
      if (done < plan.steps.length) expect(ids(rest)).toContain("record");
      // Started, but not recorded: whether it runs with what is on the disk is not known, so it is started again.
      if (done < plan.steps.length) expect(ids(rest)).toContain("start-agent");
    }
  });

  it("restarts only what changed", () => {
    const facts = installed(hubSpec);
    const agent = { ...hubSpec.agent!, udpPort: 51999 };
    expect(ids(planInstall(facts, { ...hubSpec, agent }))).toEqual(["agent", "start-agent", "health-agent", "record"]);
    const coordinator = { ...hubSpec.coordinator!, listen: { host: "::", port: 9000 } };
    expect(ids(planInstall(facts, { ...hubSpec, coordinator }))).toEqual([
      "coordinator",
      "start-coordinator",
      "health-coordinator",
      "record",
    ]);
    expect(ids(planInstall(facts, { ...hubSpec, meshFile: "longer\n" }))).not.toContain("start-coordinator");
  });

  it("restarts a service that does not run, and enables one that is not", () => {
    const facts = installed(nodeSpec);
    const dead = { ...facts, services: { ...facts.services, agent: { active: false, enabled: true } } };
    expect(ids(planInstall(dead, nodeSpec))).toEqual(["start-agent", "health-agent", "record"]);
    const disabled = { ...facts, services: { ...facts.services, agent: { active: true, enabled: false } } };
    expect(ids(planInstall(disabled, nodeSpec))).toContain("start-agent");
  });

  it("brings a new release, keeps the old one for going back, and prunes", () => {
    const release = { ...nodeSpec.release, hash: "d".repeat(64) };
    expect(ids(planInstall(installed(nodeSpec), { ...nodeSpec, release }))).toEqual([
      "upload",
      "keep",
      "switch",
      "start-agent",
      "health-agent",
      "prune",
      "record",
    ]);
  });

  it("puts back what somebody changed on the host", () => {
    const facts = installed(nodeSpec);
    const changed = { ...facts, digests: { ...facts.digests, agentUnit: "0".repeat(64) } };
    expect(ids(planInstall(changed, nodeSpec))).toEqual(["agentUnit", "reload", "record"]);
  });

  it("leaves the agent alone where only the coordinator is asked for, and removes a coordinator that is not", () => {
    const { agent: _agent, networkSecret: _secret, ...coordinatorOnly } = hubSpec;
    expect(ids(planInstall(freshFacts, coordinatorOnly))).not.toContain("start-agent");
    expect(planInstall(installed(hubSpec), coordinatorOnly).changes).toBe(false);
    expect(ids(planInstall(installed(hubSpec), nodeSpec))).toEqual(["remove-coordinator", "record"]);
  });

  it("prints without the secret", () => {
    const plan = planInstall(freshFacts, nodeSpec);
    expect(JSON.stringify(plan)).not.toContain("deadbeef");
    expect(ids(plan)).toContain("secret");
  });
});

describe("a refusal", () => {
  const cases: [string, Partial<HostFacts>, string, RegExp][] = [
    ["another architecture", { architecture: "arm64", machine: "aarch64" }, "TM_INSTALL_ARCHITECTURE", /aarch64/],
    ["no systemd", { systemd: false }, "TM_INSTALL_NO_SYSTEMD", /debian/],
    ["no TUN", { tun: false }, "TM_INSTALL_NO_TUN", /TUN/],
    ["an old C library", { glibc: "2.17" }, "TM_INSTALL_LIBC", /2\.17/],
    ["another C library", { glibc: undefined }, "TM_INSTALL_LIBC", /debian/],
    ["missing tools", { missingTools: ["tar", "ip"] }, "TM_INSTALL_TOOLS", /tar, ip/],
    ["a full disk", { freeOpt: 12 }, "TM_INSTALL_DISK_FULL", /300 MB needed, 12 MB free/],
    ["a full /var", { freeVar: 1 }, "TM_INSTALL_DISK_FULL", /\/var: 20 MB needed, 1 MB free/],
    ["another mesh", { meshId: "f".repeat(64) }, "TM_INSTALL_OTHER_MESH", /ffffffffffff/],
    [
      "a route",
      { routes: [{ destination: "100.100.0.0/16", device: "tailscale0" }] },
      "TM_INSTALL_RANGE_CLASH",
      /tailscale0/,
    ],
  ];
  it.each(cases)("names %s", (_, facts, code, said) => {
    expect(() => planInstall({ ...freshFacts, ...facts }, nodeSpec)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(said) }),
    );
  });

  it("is not made of the mesh's own routes, other families or the default route", () => {
    const routes = [
      { destination: "100.64.0.0/10", device: "tm0" },
      { destination: "fd00::/8", device: "eth0" },
      { destination: "0.0.0.0/0", device: "eth0" },
    ];
    expect(planInstall({ ...freshFacts, routes }, nodeSpec).changes).toBe(true);
  });

  it("of an upload's room is not made where nothing is uploaded", () => {
    expect(planInstall({ ...installed(nodeSpec), freeOpt: 1 }, nodeSpec).changes).toBe(false);
  });

  it("names a processor without a release", () => {
    expect(() => supportedArchitecture({ ...freshFacts, architecture: "other", machine: "riscv64" }, "beta")).toThrow(
      /riscv64/,
    );
    expect(supportedArchitecture(freshFacts, "beta")).toBe("x64");
  });
});

describe("units", () => {
  it.each([
    ["agent", agentUnitText],
    ["coordinator", coordinatorUnitText],
  ])("keep what breaks Node out of the %s's, and core dumps off", (_, text) => {
    expect(text).not.toMatch(/MemoryDenyWriteExecute|PrivateDevices/);
    for (const line of [
      "LimitCORE=0",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
      "WatchdogSec=30",
      "Type=notify",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });

  it("take back the host's state after any end of the agent", () => {
    expect(agentUnitText).toMatch(/^ExecStopPost=-\+.* repair --mesh %i$/m);
    expect(agentUnitText).toMatch(/^RestartPreventExitStatus=0 78$/m);
  });
});
