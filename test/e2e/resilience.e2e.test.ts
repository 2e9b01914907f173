// Deploys that are killed, hosts that are not there: the next run finishes, and nothing is there twice.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
import { meshIdOf } from "../../protocol/trust/genesis.ts";
import { parseMeshFile } from "../../protocol/trust/mesh-file.ts";
import { applyItems, openView } from "../../protocol/trust/view.ts";
import { killGroup, Project } from "./project.ts";

const two = `  mesh.coordinator("alpha", new LocalHost());
  mesh.node("beta", new LocalHost());`;
const withMissing = `${two}
  mesh.node("gone", new SshHost("root@127.0.0.1", { port: 1 }));`;

/** Kills in `npm test`; the soak asks for more. */
const kills = Number(process.env["TM_TEST_KILLS"] ?? 3);

describe("a deploy that is killed", () => {
  const project = new Project("kill").create(two);
  const meshFile = path.join(project.folder, "mesh/main.jsonl");
  const readItems = () => {
    const file = parseMeshFile(readFileSync(meshFile, "utf8"));
    if (!file.ok) throw new Error(`mesh file line ${file.line}: ${file.reason}`);
    return file.items;
  };
  const known: { meshId?: string } = {};
  afterAll(() => project.remove());

  it(`${kills} times at random moments is finished by the next, with the same mesh and no fork`, async () => {
    for (let round = 0; round < kills; round += 1) {
      const { pid, done } = project.start(["deploy", "--yes"]);
      await Promise.race([delay(1_000 + Math.random() * 14_000), done]);
      killGroup(pid);
      await done;
      const genesis =
        existsSync(meshFile) && readFileSync(meshFile, "utf8").includes("\n") ? readItems()[0] : undefined;
      if (genesis !== undefined) known.meshId ??= meshIdOf(genesis.body);
    }
    const result = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(result.failed).toBe(0);
    expect(result.meshId).toBe(known.meshId ?? result.meshId);

    const [genesis, ...items] = readItems();
    const opened = genesis === undefined ? undefined : openView(genesis);
    if (opened?.ok !== true) throw new Error("the mesh file does not open");
    const { view, verdicts } = applyItems(opened.view, items, Math.floor(Date.now() / 1000));
    expect(view.frozen).toBeUndefined();
    expect(verdicts.filter(({ reason }) => reason !== undefined && reason !== "revoked" && reason !== "older")).toEqual(
      [],
    );
    const members = [...view.members.values()];
    expect(members.map(({ name }) => name).toSorted()).toEqual(["alpha", "beta"]);
    expect(new Set(members.map(({ ip4 }) => ip4)).size).toBe(2);

    const addresses = await project.addresses();
    expect(Object.keys(addresses).toSorted()).toEqual(["alpha", "beta"]);
    expect(project.on(addresses["alpha"] ?? "", "ping -c 2 -W 5 beta.mesh")).toMatchObject({ code: 0 });
    const again = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(again.hosts.map(({ state }) => state)).toEqual(["unchanged", "unchanged"]);
  });
});

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
