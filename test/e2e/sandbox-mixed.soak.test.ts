// One mesh of droplets, a server reached over SSH and a local host: deployed beside other commands, interrupted, and taken away.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { DeployResult } from "../../cli/engine/deploy/contract.ts";
import { addFault, clearFaults, listFaults } from "../../cli/engine/sandbox/faults.ts";
import { sandboxPlace } from "../../cli/engine/sandbox/place.ts";
import { removeSandbox, sandboxStatus } from "../../cli/engine/sandbox/sandbox.ts";
import { talkOnTerminal } from "../cli/terminal-talk.ts";
import { Project, root } from "./project.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });
const place = sandboxPlace(`/var/lib/tunnelmesh-sandbox-mixed-${process.pid}`);
const project = new Project("mixed").create("");
const folder = mkdtempSync(path.join(tmpdir(), "tm-e2e-laptop-"));
const laptop = new Project("mixed", folder);
/** Of the machine that stands for a server of one's own. */
const network = `e2e-servers-${process.pid}`;
project.environment = { TM_SANDBOX_DIR: place.folder, TM_SANDBOX: "1", TM_PROVIDER_POLL_DELAY: "200" };
laptop.environment = project.environment;

const hub = `  mesh.coordinator("hub", new Droplet({ ...cloud, volume: { gib: 1, mount: "/srv/hub", keep: true } }));`;
const desk = `  mesh.node("desk", new LocalHost({ internet: true }));`;
const droplet = (name: string) =>
  `  mesh.node("${name}", new Droplet({ ...cloud, volume: { gib: 1, mount: "/srv/${name}" } }));`;
let box = "";
let boxAddress = "";

/** The state is one that a team shares: the sandbox keeps it, as the cloud would. */
function write(members: readonly string[], more = ""): void {
  writeFileSync(
    path.join(project.folder, "stack.ts"),
    `import { defineStack, Droplet, LocalHost, Mesh, SshHost, state } from "tunnelmesh";
export default defineStack(${JSON.stringify(project.stack)}, () => {
  const mesh = new Mesh({ admins: ["./keys/admin.pub"] });
  const cloud = { size: "s-1vcpu-1gb", region: "fra1", ssh: ["0.0.0.0/0"] } as const;
${members.join("\n")}
  return { mesh, state: state.spaces({ bucket: "office", region: "fra1" }), ${more} };
});
`,
  );
}

const states = ({ hosts }: DeployResult) => Object.fromEntries(hosts.map(({ name, state }) => [name, state]));

/** The error of a command that must fail. */
async function failure(of: Project, parameters: readonly string[]): Promise<{ code: string; detail: string }> {
  const { code, stdout, stderr } = await of.tm([...parameters, "--json"]);
  expect(code, stdout + stderr).not.toBe(0);
  return JSON.parse(stdout).error;
}

/** All that `from` is asked to reach answers by name. */
async function pingAll(from: string, ...to: string[]): Promise<void> {
  const command = to.map((name) => `ping -c 1 -W 5 ${name}.mesh`).join(" && ");
  const { code, stdout, stderr } = await project.tm(["exec", from, "--", command]);
  expect(code, stdout + stderr).toBe(0);
}

const droplets = async () => (await sandboxStatus(place)).droplets.map(({ name }) => name).toSorted();

afterAll(async () => {
  for (const one of [project.mesh, network]) await project.tm(["local", "rm", "--network", one, "--yes"]);
  await removeSandbox(place);
  for (const one of [project.folder, folder]) rmSync(one, { recursive: true, force: true });
});

describe("a mesh of droplets, a server and a local host", () => {
  it("is deployed, and each reaches each by name", async () => {
    const up = ["local", "up", "box", "--network", network, "--internet", "--key", "keys/admin.pub"];
    const { hosts } = await project.json<{ hosts: { address: string; hostKey: string }[] }>(up);
    const [{ address, hostKey } = { address: "", hostKey: "" }] = hosts;
    boxAddress = address;
    box = `  mesh.node("box", new SshHost("root@${address}", { hostKey: ${JSON.stringify(hostKey)} }));`;
    write([hub, box, desk]);
    // Nothing is lost by it, so nobody has to be there to answer.
    const made = await project.json<DeployResult>(["deploy", "--require-approval", "destructive"]);
    expect(states(made)).toEqual({ hub: "installed", box: "installed", desk: "installed" });
    await pingAll("box", "hub", "desk");
    await pingAll("desk", "hub", "box");
  });

  it("does not take a droplet for the server that a member was", async () => {
    write([hub, droplet("box"), desk]);
    expect(await failure(project, ["plan"])).toMatchObject({
      code: "TM_CLOUD_OTHER_HOST",
      detail: expect.stringMatching(/^box /),
    });
  });

  it("is left alone by other commands beside a deploy, which one Ctrl-C ends", async () => {
    write([hub, box, desk, droplet("one")]);
    for (const file of ["stack.ts", "package.json", "keys", "mesh"])
      cpSync(path.join(project.folder, file), path.join(folder, file), { recursive: true });
    await addFault({ kind: "stuck", on: "create" }, place);
    const deploy = project.start(["deploy", "--yes"]);
    await vi.waitFor(async () => expect(await droplets()).toContain("one"), { timeout: 90_000, interval: 300 });
    // From another checkout and from this one: lease and lock hold, and nobody's files are in anybody's way.
    const [destroyed, planned] = await Promise.all([
      failure(laptop, ["destroy", "--yes"]),
      failure(project, ["plan", "--lock-timeout", "1s"]),
    ]);
    expect(destroyed).toMatchObject({ code: "TM_DEPLOY_LEASE_HELD" });
    expect(planned).toMatchObject({ code: "TM_TERRAFORM_LOCKED", detail: expect.stringContaining(", apply since ") });
    process.kill(deploy.pid, "SIGINT");
    await clearFaults(place);
    const { code, stderr } = await deploy.done;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain("stopping cleanly");
    expect(stderr).not.toContain("tm unlock --state");
  });

  it("is finished by the next run, after two Ctrl-C too", async () => {
    write([hub, box, desk, droplet("one"), droplet("two")]);
    await addFault({ kind: "slow", on: "POST /v2/droplets", value: 3_000 }, place);
    const { pid, done } = project.start(["deploy", "--yes"]);
    await vi.waitFor(async () => expect(await listFaults(place)).toEqual([]), { timeout: 90_000, interval: 100 });
    process.kill(pid, "SIGINT");
    await sleep(300);
    process.kill(pid, "SIGINT");
    const { code, stderr } = await done;
    expect(code, stderr).toBe(130);
    expect(stderr).toMatch(/ended at once.*\n.*tm unlock --state/);
    const hosts = await project.json<DeployResult>(["deploy", "--skip-install", "--yes"]);
    expect(states(hosts)).toMatchObject({ hub: "unchanged", one: "made", two: "made" });
    const made = await project.json<DeployResult>(["deploy", "--only-install", "--yes"]);
    expect(states(made)).toMatchObject({ hub: "unchanged", one: "installed", two: "installed" });
    expect(await droplets(), "none twice, none forgotten").toEqual(["hub", "one", "two"]);
  });

  it("that is protected goes when somebody types its name, and leaves the volume that is kept", async () => {
    write([hub, box, desk, droplet("one"), droplet("two")], "protect: true");
    expect(await failure(project, ["destroy", "--yes"])).toMatchObject({ code: "TM_NEEDS_CONFIRMATION" });
    const { code, screen } = await talkOnTerminal(`sh ${path.join(root, "tm")} destroy`, {
      cwd: project.folder,
      env: { ...process.env, TM_STAGE: "main", ...project.environment },
      answers: [{ question: /Type its name to destroy it: /, type: "main\n" }],
      timeout: 180_000,
    });
    expect(code, screen).toBe(0);
    expect(screen).toContain("The volume of hub stays, as the stack keeps it.");
    const { counts } = await sandboxStatus(place);
    expect(await droplets()).toEqual([]);
    expect(counts, "nothing else stays, but the tag that it bears").toEqual({
      ...Object.fromEntries(Object.keys(counts).map((kind) => [kind, 0])),
      ...{ volumes: 1, tags: 1 },
    });
    const left = project.on(boxAddress, "systemctl list-units --all --no-legend 'tunnelmesh*'");
    expect(left).toMatchObject({ code: 0, stdout: "" });
    expect(await project.addresses()).toEqual({});
  });
});
