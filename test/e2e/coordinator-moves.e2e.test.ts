// A coordinator that is lost with its machine, and one that is handed to another member: the mesh goes on as the same.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
import { Project } from "./project.ts";

const project = new Project("moves");
let meshId = "";

/** A stack of which the first member is the coordinator. */
const stack = (...[hub, ...nodes]: string[]) =>
  [
    `mesh.coordinator("${hub}", new LocalHost());`,
    ...nodes.map((name) => `mesh.node("${name}", new LocalHost());`),
  ].join("\n");

/** Deploys `names`, and expects each to reach each over an untouched mesh of the same id. */
async function expectMesh(...names: string[]): Promise<DeployResult> {
  const result = await project.json<DeployResult>(["deploy", "--yes"]);
  expect(result.failed).toBe(0);
  expect(result.meshId).toBe(meshId);
  const addresses = await project.addresses();
  expect(Object.keys(addresses).toSorted()).toEqual(names.toSorted());
  for (const from of names) {
    const command = names.map((to) => `ping -c 1 -W 5 ${to}.mesh`).join(" && ");
    expect(project.on(addresses[from] ?? "", command), from).toMatchObject({ code: 0 });
  }
  const { hosts } = await project.json<StatusResult>(["status"]);
  expect(hosts.map(({ agent }) => agent?.coordinator.state)).toEqual(names.map(() => "connected"));
  return result;
}

beforeAll(async () => {
  project.create(stack("alpha", "beta", "gamma"));
  meshId = (await project.json<DeployResult>(["deploy", "--yes"])).meshId;
});
afterAll(() => project.remove());

describe("the coordinator", () => {
  it("that is lost with its machine is made anew on another, and members keep addresses and secret", async () => {
    await project.json(["local", "rm", "alpha", "--network", project.mesh, "--yes"]);
    project.write(stack("delta", "beta", "gamma"));
    const { hosts } = await expectMesh("delta", "beta", "gamma");
    expect(hosts.find(({ name }) => name === "beta")?.ip4).toBe("100.64.0.2");
    // Where alpha was, only alpha's coordinator knew: it is revoked, and whoever has the machine is told what to do there.
    expect(hosts.find(({ name }) => name === "alpha")?.error?.code).toBe("TM_DEPLOY_APART");
  });

  it("moves to a member that the stack names instead, and leaves the host it was on", async () => {
    project.write(stack("beta", "delta", "gamma"));
    await expectMesh("beta", "delta", "gamma");
    const left =
      "systemctl list-units --all --plain --no-legend 'tunnelmesh-coordinator@*'; ls /var/lib/tunnelmesh/*/coordinator";
    expect(project.on((await project.addresses())["delta"] ?? "", left).stdout).toBe("");
    const again = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(again.hosts.map(({ state }) => state)).toEqual(["unchanged", "unchanged", "unchanged"]);
  });
});
