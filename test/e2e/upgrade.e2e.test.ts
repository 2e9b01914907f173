// A mesh goes from the release before to this one, back, and refuses releases that are not healthy; every step seen on the hosts.
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoctorNodeResult } from "../../cli/engine/deploy/around-contract.ts";
import type { DeployResult, PlanResult, RollbackResult } from "../../cli/engine/deploy/contract.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { presentPrograms, previousPrograms, sabotage, writePrograms } from "./host-programs.ts";
import { killGroup, Project } from "./project.ts";

const three = `  mesh.coordinator("alpha", new LocalHost());
  mesh.node("beta", new LocalHost());
  mesh.node("gamma", new LocalHost());`;
const names = ["alpha", "beta", "gamma"] as const;

const project = new Project("upgrade");
const paths = hostPaths(project.mesh);
const previous = path.join(project.folder, "release-0.1.0");
let addresses: Record<string, string> = {};

const on = (name: string, command: string) => project.on(addresses[name] ?? "", command);
const releaseOn = (name: string) =>
  on(name, `basename $(readlink ${paths.current})`)
    .stdout.trim()
    .replace(/-[0-9a-f]+$/, "");
/** What changes when a host is touched: its record, the release in use and when its services were started. */
const marks = (name: string) =>
  on(
    name,
    `stat -c '%Y %i' ${paths.installRecord}; readlink ${paths.current}; ls ${paths.releases}; systemctl show -p MainPID ${paths.agentUnit} ${paths.coordinatorUnit}`,
  ).stdout;
const startOf = (name: string, unit: string) =>
  Number(on(name, `systemctl show -p ExecMainStartTimestampMonotonic --value ${unit}`).stdout);
const reachesAll = () => {
  for (const name of names) {
    const other = name === "beta" ? "gamma" : "beta";
    expect(on(name, `ping -c 1 -W 5 ${other}.mesh`), `${name} → ${other}`).toMatchObject({ code: 0 });
  }
};
const deploy = (environment: Record<string, string>, ...more: string[]) => {
  project.environment = environment;
  return project.tm(["deploy", "--yes", "--json", ...more]);
};
const statesOf = ({ hosts }: Pick<DeployResult, "hosts">) => hosts.map(({ name, state }) => `${name} ${state}`);

beforeAll(async () => {
  project.create(three);
  writePrograms(previous, "0.1.0", previousPrograms());
  const first = await deploy({ TM_HOST_PROGRAMS: previous });
  expect(first.code, first.stderr).toBe(0);
  addresses = await project.addresses();
});
afterAll(() => project.remove());

describe("an upgrade", () => {
  it("is planned in order, with the canary that is named", async () => {
    project.environment = {};
    const plan = await project.json<PlanResult>(["plan"]);
    expect(plan.upgrade).toEqual([
      { step: "coordinator", hosts: ["alpha"] },
      { step: "canary", hosts: ["beta"] },
      { step: "rest", hosts: ["gamma"] },
    ]);
    const named = await project.tm(["plan", "--canary", "gamma"]);
    expect(named.stdout).toMatch(
      /1\. the coordinator's host: alpha\n {2}2\. the canary: gamma\n {2}3\. the rest, at once: beta/,
    );
    expect(await project.tm(["plan", "--canary", "alpha"])).toMatchObject({ code: 64 });
  });

  it("goes to the coordinator, the canary and the rest, and on from there when it was killed", async () => {
    expect(names.map(releaseOn)).toEqual(["0.1.0", "0.1.0", "0.1.0"]);
    project.environment = {};
    const killed = project.start(["deploy", "--yes"]);
    for (const end = Date.now() + 120_000; releaseOn("beta") !== "0.2.0" && Date.now() < end; ) await delay(200);
    killGroup(killed.pid);
    await killed.done;
    expect(names.map(releaseOn)).toEqual(["0.2.0", "0.2.0", "0.1.0"]);
    const outcome = await deploy({});
    expect(outcome.code, outcome.stderr).toBe(0);
    expect((JSON.parse(outcome.stdout) as DeployResult).hosts[2]).toMatchObject({ name: "gamma", state: "updated" });
    expect(names.map(releaseOn)).toEqual(["0.2.0", "0.2.0", "0.2.0"]);
    const starts = [
      startOf("alpha", paths.coordinatorUnit),
      ...["beta", "gamma"].map((name) => startOf(name, paths.agentUnit)),
    ];
    expect(starts).toEqual(starts.toSorted((left, right) => left - right));
    reachesAll();
  });

  it("leaves a node that a doctor finds well, and a doctor finds what is wrong with one", async () => {
    const { findings } = await project.json<DoctorNodeResult>(["doctor", "beta"]);
    expect(findings.filter(({ state }) => state === "problem")).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["agent service", "clock", "peer alpha"]),
    );
    on("beta", `systemctl stop ${paths.agentUnit}`);
    const ill = await project.tm(["doctor", "beta"]);
    expect(ill.code).toBe(1);
    expect(ill.stdout).toMatch(/agent service +WRONG +inactive dead/);
    expect(ill.stdout).toContain("agent service: tm deploy starts it");
    on("beta", `systemctl start ${paths.agentUnit}`);
  });

  it("is refused for a release that is older, unless that is meant", async () => {
    const outcome = await deploy({ TM_HOST_PROGRAMS: previous });
    expect(outcome.code).not.toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ error: { code: "TM_DEPLOY_DOWNGRADE" } });
  });
});

describe("a release that is not healthy", () => {
  const broken = {
    "throws at its start": 'throw new Error("broken on purpose");',
    "hangs at its start": "for (;;);",
    "does not connect": `const { Socket } = process.getBuiltinModule("node:net"), connect = Socket.prototype.connect;
      Socket.prototype.connect = function (...given) {
        return given.flat(2).some((option) => Number(option?.port) === 8443) ? this : connect.apply(this, given);
      };`,
  };
  /** Runs a deploy and gives the seconds during which `name` did not run release 0.2.0. */
  const awayDuring = async <T>(name: string, running: Promise<T>): Promise<{ result: T; seconds: number }> => {
    let ended = false;
    const done = running.finally(() => {
      ended = true;
    });
    let left: number | undefined;
    let seconds = Number.NaN;
    while (!ended) {
      const well = on(name, `readlink ${paths.current}; systemctl is-active ${paths.agentUnit}`).stdout;
      const home = /0\.2\.0-.*\nactive\n$/.test(well);
      if (!home) left ??= Date.now();
      else if (left !== undefined && Number.isNaN(seconds)) seconds = (Date.now() - left) / 1000;
      await delay(500);
    }
    return { result: await done, seconds };
  };
  const onBeta = (code: string) => `if (process.getBuiltinModule("node:os").hostname() === "beta") { ${code} }`;
  const upgradeTo = async (version: string, parts: { agent?: string; coordinator?: string }) => {
    const good = await presentPrograms(version);
    const content = {
      agent: parts.agent === undefined ? good.agent : sabotage(good.agent, parts.agent),
      coordinator: parts.coordinator === undefined ? good.coordinator : sabotage(good.coordinator, parts.coordinator),
    };
    const folder = writePrograms(path.join(project.folder, `release-${version}`), version, content);
    return deploy({ TM_HOST_PROGRAMS: folder });
  };

  it("that does not fit on the disk leaves the host on the old one, and says so", async () => {
    const small = "mkdir /run/small && mount -t tmpfs -o size=400m small /run/small && cp -a releases/. /run/small/";
    const narrowed = on("alpha", `cd /opt/tunnelmesh && ${small} && mount --bind /run/small releases`);
    expect(narrowed, narrowed.stderr).toMatchObject({ code: 0 });
    // Half of what a release needs is left.
    const room = "$(($(df --output=avail -B1 /run/small | tail -n 1) - 60000000))";
    expect(on("alpha", `head -c ${room} /dev/zero > /run/small/0-filling`)).toMatchObject({ code: 0 });
    const before = names.map(marks);
    const outcome = await upgradeTo("0.2.1", {});
    expect(outcome.code, outcome.stdout).not.toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ error: { code: "TM_INSTALL_DISK_FULL" } });
    expect(names.map(marks)).toEqual(before);
    expect(on("alpha", "umount /opt/tunnelmesh/releases && umount /run/small")).toMatchObject({ code: 0 });
  });

  it("on the coordinator's host goes back there, and no other host is touched", async () => {
    const before = ["beta", "gamma"].map(marks);
    const outcome = await upgradeTo("0.2.1", { coordinator: broken["throws at its start"] });
    expect(outcome.code, outcome.stderr).toBe(5);
    const result = JSON.parse(outcome.stdout) as DeployResult;
    expect(statesOf(result)).toEqual(["alpha rolled-back", "beta waiting", "gamma waiting"]);
    expect(result.hosts[0]?.error).toMatchObject({ code: "TM_UPGRADE_ROLLED_BACK" });
    expect(result.hosts[0]?.error?.detail).toContain("broken on purpose");
    expect(["beta", "gamma"].map(marks)).toEqual(before);
    expect(releaseOn("alpha")).toBe("0.2.0");
    reachesAll();
  });

  it.each([
    ["0.3.0", "hangs at its start"],
    ["0.3.1", "does not connect"],
  ] as const)("goes back on the canary within a minute, and no other node is touched: %s %s", async (version, how) => {
    const before = marks("gamma");
    const { result: outcome, seconds } = await awayDuring("beta", upgradeTo(version, { agent: onBeta(broken[how]) }));
    expect(outcome.code, outcome.stderr).toBe(5);
    const result = JSON.parse(outcome.stdout) as DeployResult;
    expect(statesOf(result)).toEqual(["alpha updated", "beta rolled-back", "gamma waiting"]);
    expect(result.failed).toBe(2);
    expect(result.hosts[1]?.error).toMatchObject({ code: "TM_UPGRADE_ROLLED_BACK" });
    expect(result.hosts[1]?.error?.advice.length).toBeGreaterThan(0);
    expect(result.hosts[2]?.error).toMatchObject({ code: "TM_UPGRADE_STOPPED" });
    expect(seconds).toBeLessThan(60);
    expect(marks("gamma")).toBe(before);
    expect(releaseOn("beta")).toBe("0.2.0");
    reachesAll();
  });
});

describe("tm rollback", () => {
  it("undoes the last upgrade where it got to", async () => {
    project.environment = {};
    const result = await project.json<RollbackResult>(["rollback", "--yes"]);
    expect(statesOf(result)).toEqual(["alpha updated", "beta unchanged", "gamma unchanged"]);
    expect(names.map(releaseOn)).toEqual(["0.3.0", "0.2.0", "0.2.0"]);
  });

  it("takes hosts that are named to the release before, and is refused where there is none", async () => {
    const result = await project.json<RollbackResult>(["rollback", "beta", "gamma", "--yes"]);
    expect(statesOf(result)).toEqual(["beta updated", "gamma updated"]);
    expect(names.map(releaseOn)).toEqual(["0.3.0", "0.1.0", "0.1.0"]);
    expect(on("beta", `ls ${paths.releases}`).stdout).toMatch(/^0\.1\.0-[0-9a-f]+\n$/);
    reachesAll();
    const again = await project.tm(["rollback", "beta", "--yes", "--json"]);
    expect(again.code).toBe(5);
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: "TM_ROLLBACK_NO_PREVIOUS" } });
  });
});
