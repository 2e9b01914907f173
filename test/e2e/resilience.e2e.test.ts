// Deploys that are killed, hosts that are not there: the next run finishes, and nothing is there twice.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
import { testKilledDeploys } from "./killed-deploy.ts";
import { Project } from "./project.ts";

const two = `  mesh.coordinator("alpha", new LocalHost());
  mesh.node("beta", new LocalHost());`;
const withMissing = `${two}
  mesh.node("gone", new SshHost("root@127.0.0.1", { port: 1 }));`;

testKilledDeploys("kill", 3);

describe("a host that cannot be reached", () => {
  const project = new Project("missing");
  beforeAll(() => void project.create(withMissing));
  afterAll(() => project.remove());

  it("is reported with its cause and exit code 5 while the others are deployed", async () => {
    const outcome = await project.tm(["deploy", "--yes", "--json"]);
    expect(outcome.code, outcome.stderr).toBe(5);
    const result = JSON.parse(outcome.stdout) as DeployResult;
    expect(result.hosts.map(({ name, state, error }) => [name, state, error?.code])).toEqual([
      ["alpha", "installed", undefined],
      ["beta", "installed", undefined],
      ["gone", "failed", "TM_SSH_REFUSED"],
    ]);
    const status = await project.tm(["status", "--json"]);
    expect(status.code).toBe(1);
    const { hosts } = JSON.parse(status.stdout) as StatusResult;
    expect(hosts.map(({ name, agent }) => [name, agent?.state])).toEqual([
      ["alpha", "up"],
      ["beta", "up"],
      ["gone", undefined],
    ]);
  });

  it("is finished by the next run when it is there", async () => {
    await project.json(["local", "up", "gone", "--network", project.mesh, "--key", `${project.key}.pub`]);
    const { gone = "" } = await project.addresses();
    const hostKey = project.on(gone, "cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.trim();
    project.write(
      withMissing.replace('root@127.0.0.1", { port: 1 }', `root@${gone}", { hostKey: ${JSON.stringify(hostKey)} }`),
    );
    const result = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(result.hosts.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "alpha unchanged",
      "beta unchanged",
      "gone installed",
    ]);
    expect(project.on(gone, "ping -c 2 -W 5 alpha.mesh")).toMatchObject({ code: 0 });
  });

  it("has a changed host key refused, with what to do", async () => {
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2KPZz9Cv4nE7Zr6mVUfsQwAybGIAHWZ4PYHOq2TBVG";
    const { gone = "" } = await project.addresses();
    project.write(
      withMissing.replace('root@127.0.0.1", { port: 1 }', `root@${gone}", { hostKey: ${JSON.stringify(other)} }`),
    );
    const outcome = await project.tm(["deploy", "--yes", "--json"]);
    expect(outcome.code).toBe(5);
    const { hosts } = JSON.parse(outcome.stdout) as DeployResult;
    expect(hosts.find(({ name }) => name === "gone")?.error).toMatchObject({ code: "TM_SSH_HOST_KEY_CHANGED" });
  });
});
