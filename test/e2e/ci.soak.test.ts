// A deploy from CI with a token in place of an admin's key: it lets members in, and what is an admin's is signed by the author first.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployResult } from "../../cli/engine/deploy/contract.ts";
import type { CreateTokenResult } from "../../cli/engine/deploy/token-contract.ts";
import { Project } from "./project.ts";

const hub = `  mesh.group("cloud");
  mesh.coordinator("alpha", new LocalHost());`;
const worker = `  const cloud = mesh.group("cloud");
  mesh.coordinator("alpha", new LocalHost());
  mesh.node("beta", new LocalHost(), { groups: [cloud] });`;

const project = new Project("ci");
let token = "";

beforeAll(async () => {
  project.create(hub);
  await project.json<DeployResult>(["deploy", "--yes"]);
  const flags = ["--ci", "--uses", "3", "--expires", "30d", "--group", "cloud"];
  token = (await project.json<CreateTokenResult>(["token", "create", ...flags])).token;
});
afterAll(() => project.remove());

const meshFile = () => readFileSync(path.join(project.folder, "mesh/main.jsonl"), "utf8");
const deploy = async () => {
  project.environment = { TM_CI_TOKEN: token };
  const { code, stdout, stderr } = await project.tm(["deploy", "--yes", "--json"]);
  project.environment = {};
  return { code, said: JSON.parse(stdout) as DeployResult & { error?: { code: string; detail?: string } }, stderr };
};
const states = (result: DeployResult) => result.hosts.map(({ name, state }) => `${name} ${state}`);

describe("a deploy with TM_CI_TOKEN", () => {
  it("lets a new member of its groups in, and changes nothing the next time", async () => {
    project.write(worker);
    const was = meshFile();
    const first = await deploy();
    expect([first.code, states(first.said)]).toEqual([0, ["alpha unchanged", "beta installed"]]);
    const { alpha = "" } = await project.addresses();
    expect(project.on(alpha, "for i in $(seq 20); do ping -c 1 -W 1 beta.mesh && exit 0; done; exit 1").code).toBe(0);
    const again = await deploy();
    expect([again.code, states(again.said)]).toEqual([0, ["alpha unchanged", "beta unchanged"]]);
    expect(meshFile()).toBe(was);
  });

  it("refuses what an admin must sign before anything is done, and does it once that is signed", async () => {
    project.write(worker.replace("new LocalHost());", "new LocalHost(), { groups: [cloud] });"));
    const refused = await deploy();
    expect([refused.code, refused.said.error]).toMatchObject([
      3,
      { code: "TM_CI_NEEDS_ADMIN", detail: "alpha is changed" },
    ]);
    expect(await project.json(["sign"])).toMatchObject({ changed: ["alpha", "beta"], asked: true });
    const done = await deploy();
    expect([done.code, done.said.failed]).toEqual([0, 0]);
  });
});
