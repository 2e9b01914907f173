// Ten rounds in which a member comes and goes and services are killed: after each step everybody still reaches everybody.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AddNodeResult, DeployResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { Project } from "./project.ts";

const rounds = 10;
/** The whole churn must fit in here, in milliseconds: a round that grows slower is a failure too. */
const limit = 12 * 60_000;
const residents = ["alpha", "beta", "gamma"];
const guest = "delta";

const project = new Project("churn");
const paths = hostPaths(project.mesh);
let addresses: Record<string, string> = {};
let hostKey = "";
let meshId = "";

const on = (name: string, command: string) => project.on(addresses[name] ?? "", command);

beforeAll(async () => {
  project.create(`  mesh.coordinator("alpha", new LocalHost());
  mesh.node("beta", new LocalHost());
  mesh.node("gamma", new LocalHost());`);
  const deployed = await project.json<DeployResult>(["deploy", "--yes"]);
  expect(deployed.failed).toBe(0);
  meshId = deployed.meshId;
  await project.json(["local", "up", guest, "--network", project.mesh, "--key", `${project.key}.pub`]);
  addresses = await project.addresses();
  hostKey = on(guest, "cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.trim();
});
afterAll(() => project.remove());

describe("a mesh in constant change", () => {
  it(`reaches everybody after each step of ${rounds} rounds, and ends as it began`, async () => {
    const started = Date.now();
    const given = new Map<string, string>();
    for (let round = 0; round < rounds; round += 1) {
      const { host } = await project.json<AddNodeResult>([
        ...["add-node", `root@${addresses[guest]}`, "--name", guest, "--host-key", hostKey],
      ]);
      expectReach([...residents, guest], `round ${round}: ${guest} came`);
      expect([...given.values()], "the address of a member that stayed").not.toContain(host.ip4);

      const victim = residents[round % residents.length] ?? "alpha";
      kill(victim, paths.agentUnit);
      expectReach([...residents, guest], `round ${round}: agent of ${victim} killed`);

      kill("alpha", paths.coordinatorUnit);
      expectReach([...residents, guest], `round ${round}: coordinator killed`);
      await expectConnected([...residents], `round ${round}`, given);

      await project.json(["remove-node", guest, "--yes"]);
      expectReach(residents, `round ${round}: ${guest} went`);
      expect(on("beta", `ping -c 1 -W 1 ${guest}.mesh`).code, `round ${round}: ${guest} is gone`).not.toBe(0);
    }
    const ended = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(ended.meshId).toBe(meshId);
    expect(ended.hosts.map(({ name, state }) => `${name} ${state}`)).toEqual(
      residents.map((name) => `${name} unchanged`),
    );
    expect(Date.now() - started).toBeLessThan(limit);
  });
});

/** Kills a service as a crash would, and makes sure that it was another process afterwards. */
function kill(name: string, unit: string): void {
  const command = `was=$(systemctl show -p MainPID --value ${unit}); kill -9 $was; for i in $(seq 100); do now=$(systemctl show -p MainPID --value ${unit}); [ "$now" != 0 ] && [ "$now" != "$was" ] && exit 0; sleep 0.1; done; exit 1`;
  expect(on(name, command), `${unit} comes back`).toMatchObject({ code: 0 });
}

/** Each reaches each by name within 20 s; the pings of one host run at once. */
function expectReach(names: readonly string[], when: string): void {
  for (const from of names) {
    const others = names.filter((name) => name !== from);
    const command = `for to in ${others.join(" ")}; do (for i in $(seq 20); do ping -c 1 -W 1 $to.mesh >/dev/null && exit 0; sleep 0.5; done; echo $to) & done; wait`;
    expect(on(from, command).stdout.trim(), `${when}: not reached from ${from}`).toBe("");
  }
}

/** Agents are up and have the coordinator again within 30 s, on one interface each, with the addresses they always had. */
async function expectConnected(names: readonly string[], when: string, given: Map<string, string>): Promise<void> {
  const deadline = Date.now() + 30_000;
  const look = async () => (await project.json<StatusResult>(["status"])).hosts.map(({ agent }) => agent);
  const isUp = (agent: Awaited<ReturnType<typeof look>>[number]) =>
    agent?.state === "up" && agent.coordinator.state === "connected";
  let agents = await look();
  while (!agents.every(isUp) && Date.now() < deadline) agents = await look();
  expect(
    agents.filter((agent) => !isUp(agent)).map((agent) => agent?.name),
    `${when}: not connected`,
  ).toEqual([]);
  for (const agent of agents) {
    expect(agent?.alarms, `${when}: ${agent?.name}`).toEqual([]);
    if (agent?.ip4 === undefined || !names.includes(agent.name)) continue;
    expect(agent.ip4, `${when}: ${agent.name}`).toBe(given.get(agent.name) ?? agent.ip4);
    given.set(agent.name, agent.ip4);
  }
  for (const name of names) {
    expect(on(name, "ip -o link | grep -c tm0").stdout.trim(), `${when}: interfaces of ${name}`).toBe("1");
  }
}
