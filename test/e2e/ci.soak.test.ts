// A deploy from CI with a token in place of an admin's key: a fresh clone and that token log in, let members in, and do no more.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployResult } from "../../cli/engine/deploy/contract.ts";
import type { CreateTokenResult, RevokeTokenResult } from "../../cli/engine/deploy/token-contract.ts";
import { checkOut, commitProject } from "./checkout.ts";
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
  const made = await project.json<CreateTokenResult>(["token", "create", ...flags]);
  expect(made.withoutLogin).toEqual([]);
  token = made.token;
});
afterAll(() => project.remove());

/** One job: a clone of what is committed now, a home with nothing in it, and the token. */
const deploy = async () => {
  commitProject(project.folder, "change the stack");
  const { job, dispose } = checkOut("ci", project);
  try {
    job.environment = { ...job.environment, TM_CI_TOKEN: token };
    const { code, stdout, stderr } = await job.tm(["deploy", "--yes", "--json"]);
    const said = JSON.parse(stdout) as DeployResult & { error?: { code: string; detail?: string } };
    return { code, said, stderr, meshFile: readFileSync(path.join(job.folder, "mesh/main.jsonl"), "utf8") };
  } finally {
    dispose();
  }
};
const states = (result: DeployResult) => result.hosts.map(({ name, state }) => `${name} ${state}`);

describe("a job with a fresh clone and TM_CI_TOKEN", () => {
  it("lets a new member of the token's groups in, and changes nothing the next time", async () => {
    project.write(worker);
    const first = await deploy();
    expect([first.code, states(first.said)]).toEqual([0, ["alpha unchanged", "beta installed"]]);
    expect(first.meshFile).toBe(readFileSync(path.join(project.folder, "mesh/main.jsonl"), "utf8"));
    const { alpha = "" } = await project.addresses();
    expect(project.on(alpha, "for i in $(seq 20); do ping -c 1 -W 1 beta.mesh && exit 0; done; exit 1").code).toBe(0);
    const again = await deploy();
    expect([again.code, states(again.said)]).toEqual([0, ["alpha unchanged", "beta unchanged"]]);
  });

  it("is refused what an admin must sign before anything is done, and does it once that is signed", async () => {
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

  it("does not even log in once its token is revoked", async () => {
    const { alpha = "" } = await project.addresses();
    const lines = () => project.on(alpha, "cat ~/.ssh/authorized_keys").stdout.match(/tunnelmesh-ci:/g)?.length ?? 0;
    expect(lines()).toBe(1);
    const tid = (await project.json<{ tokens: { tid: string }[] }>(["token", "list"])).tokens[0]?.tid ?? "";
    const revoked = await project.json<RevokeTokenResult>(["token", "revoke", tid]);
    expect([revoked.changed, revoked.stillLogin, lines()]).toEqual([true, [], 0]);
    const refused = await deploy();
    expect([refused.code, refused.said.error?.code]).toEqual([3, "TM_CI_TOKEN"]);
  });
});
