// The generated workflow's own steps in the sandbox cloud: plan, comment, deploy, with nothing but the checkout and two secrets.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CreateTokenResult } from "../../cli/engine/deploy/token-contract.ts";
import { readServer, sandboxPlace } from "../../cli/engine/sandbox/place.ts";
import { commitProject } from "./checkout.ts";
import { Project } from "./project.ts";
import { dependency, type JobResult, runJob } from "./workflow.ts";

const place = mkdtempSync(path.join(tmpdir(), "tm-e2e-workflow-"));
const project = new Project("workflow", path.join(place, "author"));
const sandbox = { TM_SANDBOX: "1", TM_SANDBOX_DIR: path.join(place, "sandbox"), TM_PROVIDER_POLL_DELAY: "200" };
let token = "";
let api: Server;
const comments: string[] = [];
let runs = 0;

/** A hub and, in the change, a worker; `ssh` is who may reach them without a runner's firewall. */
const stack = (ssh: string, more = "") => `import { defineStack, Droplet, Mesh, state } from "tunnelmesh";
export default defineStack(${JSON.stringify(project.stack)}, () => {
  const mesh = new Mesh({ admins: ["./keys/admin.pub"] });
  const cloud = mesh.group("cloud");
  const at = { region: "fra1", size: "s-1vcpu-1gb", ssh: ["${ssh}"] } as const;
  mesh.coordinator("hub", new Droplet(at)${more.includes("hub") ? ", { groups: [cloud] }" : ""});
  ${more.includes("worker") ? 'mesh.node("worker", new Droplet(at), { groups: [cloud] });' : "void cloud;"}
  return { mesh, state: state.spaces({ bucket: "office-state", region: "fra1" }) };
});
`;
const write = (text: string) => writeFileSync(path.join(project.folder, "stack.ts"), text);

beforeAll(async () => {
  mkdirSync(project.folder);
  project.environment = sandbox;
  project.create("");
  writeFileSync(
    path.join(project.folder, "package.json"),
    JSON.stringify({ name: "office", private: true, type: "module", dependencies: { tunnelmesh: dependency } }),
  );
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: project.folder,
    stdio: "pipe",
  });
  // The author's machine reaches the sandbox from its own network.
  write(stack("198.18.0.0/15"));
  await project.json(["deploy", "--yes"]);
  const flags = ["--ci", "--uses", "3", "--expires", "30d", "--group", "cloud"];
  token = (await project.json<CreateTokenResult>(["token", "create", ...flags])).token;
  await project.json(["ci", "init", "--github"]);
  api = await openGitHub();
});
afterAll(async () => {
  api?.closeAllConnections();
  api?.close();
  await project.tm(["sandbox", "down", "--yes"]);
  rmSync(place, { recursive: true, force: true });
});

async function openGitHub(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const authorized = request.headers.authorization?.endsWith("the-job-token") === true;
    const isList = request.method === "GET";
    // The token of a job cannot say whose it is.
    if (authorized && request.url === "/user") {
      response.writeHead(403, { "content-type": "application/json" });
      return response.end('{"message":"Resource not accessible by integration"}');
    }
    if (authorized && !isList) comments.push(JSON.parse(Buffer.concat(parts).toString()).body);
    response.writeHead(authorized ? (isList ? 200 : 201) : 401, { "content-type": "application/json" });
    return response.end(isList ? "[]" : JSON.stringify({ id: 1, html_url: "https://example.org/1" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** A job of its own: a fresh clone, an empty home, only the secrets that its environment has. */
async function job(
  file: string,
  name: string,
  secrets: Record<string, string>,
  values: Record<string, string> = {},
): Promise<JobResult> {
  runs += 1;
  // As deep as the author's folder: the lock file names the package by its relative path.
  const folder = path.join(place, `job-${runs}`);
  const runner = path.join(place, "runner");
  execFileSync("git", ["clone", "-q", project.folder, folder], { stdio: "pipe" });
  const event = path.join(place, `event-${runs}.json`);
  writeFileSync(event, JSON.stringify({ pull_request: { number: 12 }, number: 12 }));
  return runJob(`.github/workflows/${file}.yml`, name, {
    checkout: folder,
    runner,
    hidden: [project.folder],
    secrets,
    values: { "github.token": "the-job-token", ...values },
    environment: {
      ...sandbox,
      GITHUB_ACTIONS: "true",
      GITHUB_RUN_ID: String(4000 + runs),
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_EVENT_NAME: "pull_request",
      GITHUB_REPOSITORY: "acme/office",
      GITHUB_API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_EVENT_PATH: event,
    },
  });
}

const cloudToken = async () => (await readServer(sandboxPlace(sandbox.TM_SANDBOX_DIR)))?.token ?? "";
const cloud = () =>
  JSON.parse(readFileSync(sandboxPlace(sandbox.TM_SANDBOX_DIR).cloudFile, "utf8")) as {
    firewalls: Record<string, { name: string; inbound: { peers: { addresses?: string[] } }[] }>;
    droplets: Record<string, { name: string }>;
  };
const droplets = () =>
  Object.values(cloud().droplets)
    .map(({ name }) => name)
    .toSorted();
const runnerFirewalls = () => Object.values(cloud().firewalls).filter(({ name }) => name.startsWith("tm-deploy-"));

describe("the generated workflow", () => {
  it("plans and comments a change, then deploys it through a firewall that it takes back", async () => {
    // From here on only an office may reach SSH: neither the author's machine nor the runner.
    write(stack("203.0.113.7/32", "worker"));
    commitProject(project.folder, "add a worker");
    const plan = await job("tm-plan", "plan", { DIGITALOCEAN_TOKEN: await cloudToken() });
    expect([plan.code, plan.said]).toEqual([0, expect.any(String)]);
    expect(plan.outputs).toMatchObject({ changes: "true", digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(plan.summary).toContain("worker");
    const comment = await job("tm-plan", "comment", {});
    expect([comment.code, comment.said, comments]).toMatchObject([
      0,
      expect.any(String),
      [expect.stringContaining("worker")],
    ]);

    const secrets = { DIGITALOCEAN_TOKEN: await cloudToken(), TM_CI_TOKEN: token };
    const planned = await job("tm-deploy", "plan", { DIGITALOCEAN_TOKEN: secrets.DIGITALOCEAN_TOKEN });
    expect(planned.outputs["digest"]).toBe(plan.outputs["digest"]);
    const deployed = await job("tm-deploy", "deploy", secrets, {
      "needs.plan.outputs.digest": planned.outputs["digest"] ?? "",
    });
    expect([deployed.code, deployed.said]).toEqual([0, expect.stringContaining("is deployed")]);
    expect([droplets(), runnerFirewalls()]).toEqual([["hub", "worker"], []]);
    for (const secret of Object.values(secrets))
      expect(plan.said + plan.summary + comment.said + deployed.said).not.toContain(secret);
  });

  it("reaches hosts whose firewall shuts it out, from a clone that knows nothing of the last run", async () => {
    commitProject(project.folder, "nothing");
    const secrets = { DIGITALOCEAN_TOKEN: await cloudToken(), TM_CI_TOKEN: token };
    const { outputs } = await job("tm-deploy", "plan", { DIGITALOCEAN_TOKEN: secrets.DIGITALOCEAN_TOKEN });
    const deployed = await job("tm-deploy", "deploy", secrets, {
      "needs.plan.outputs.digest": outputs["digest"] ?? "",
    });
    expect([deployed.code, deployed.said]).toEqual([
      0,
      expect.stringMatching(/hub\s.*unchanged[\s\S]*worker\s.*unchanged/),
    ]);
    expect(runnerFirewalls()).toEqual([]);
  });

  it("ends with 3 where an admin's signature is missing, before anything is applied", async () => {
    write(stack("203.0.113.8/32", "hub worker"));
    commitProject(project.folder, "put the hub into a group");
    const before = JSON.stringify(cloud());
    const secrets = { DIGITALOCEAN_TOKEN: await cloudToken(), TM_CI_TOKEN: token };
    const plan = await job("tm-plan", "plan", { DIGITALOCEAN_TOKEN: secrets.DIGITALOCEAN_TOKEN });
    expect([plan.code, plan.failed, plan.said]).toEqual([3, "Plan", expect.stringContaining("hub is changed")]);
    const deployed = await job("tm-deploy", "deploy", secrets, {
      "needs.plan.outputs.digest": `sha256:${"0".repeat(64)}`,
    });
    expect([deployed.code, deployed.failed, deployed.said]).toEqual([
      3,
      "Deploy",
      expect.stringContaining("hub is changed"),
    ]);
    expect([JSON.stringify(cloud().droplets), runnerFirewalls()]).toEqual([
      JSON.stringify(JSON.parse(before).droplets),
      [],
    ]);
    expect(
      Object.values(cloud().firewalls).flatMap(({ inbound }) => inbound.flatMap(({ peers }) => peers.addresses ?? [])),
    ).not.toContain("203.0.113.8/32");
  });
});
