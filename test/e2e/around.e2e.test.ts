// The commands around a mesh, on a small one: exec, inventory, logs and ssh, with the real programs.
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExecResult, InventoryResult, LogsResult } from "../../cli/engine/deploy/around-contract.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { Project, root } from "./project.ts";

const project = new Project("around");
const paths = hostPaths(project.mesh);
let addresses: Record<string, string> = {};
let inventory: InventoryResult;
let sshConfig = "";

beforeAll(async () => {
  project.create(`  const pair = mesh.group("pair");
  mesh.coordinator("alpha", new LocalHost(), { groups: [pair] });
  mesh.node("beta", new LocalHost(), { groups: [pair] });`);
  await project.json(["deploy", "--yes"]);
  [addresses, inventory, sshConfig] = await Promise.all([
    project.addresses(),
    project.json<InventoryResult>(["inventory"]),
    project.tm(["inventory", "--format", "ssh-config"]).then(({ stdout }) => stdout),
  ]);
});
afterAll(() => project.remove());

const tm = ["--conditions=tunnelmesh-source", path.join(root, "cli/bin.ts")];

/** Says its words, each with a bar after it, and ends with a code. */
const say = (code: number, ...words: string[]) => ["--", "sh", "-c", `printf "%s|" "$@"; exit ${code}`, "sh", ...words];

describe("tm exec", () => {
  it("keeps output, words and exit code of one host", async () => {
    const said = await project.tm(["exec", "beta", ...say(7, "a  b", "$HOME", "it's", "--json")]);
    expect(said).toMatchObject({ code: 7, stdout: "a  b|$HOME|it's|--json|" });
  });

  it("names the lines of several hosts, and ends with the highest code", async () => {
    const said = await project.tm(["exec", "--group", "pair", "--", "hostname; [ $(hostname) = alpha ] || exit 3"]);
    expect(said.code).toBe(3);
    expect(said.stdout.split("\n").toSorted()).toEqual(["", "alpha: alpha", "beta:  beta"]);
  });
});

describe("output without an end", () => {
  it("ends with whoever reads it, as SIGPIPE would", () => {
    const script = '{ "$@" exec beta -- yes; echo $? >&2; } | head -n 1';
    const options = { cwd: project.folder, encoding: "utf8", timeout: 30_000 } as const;
    const said = spawnSync("sh", ["-c", script, "sh", process.execPath, ...tm], options);
    expect(said.stdout).toBe("y\n");
    expect(said.stderr).toMatch(/^141$/m);
    expect(said.stderr).not.toContain("Code:");
  });
});

describe("tm inventory", () => {
  it("lists where the members are, with the keys they show", () => {
    const { hosts } = inventory;
    expect(hosts.map(({ name, role, groups, ssh }) => [name, role, groups, ssh?.host])).toEqual([
      ["alpha", "coordinator", ["pair"], addresses["alpha"]],
      ["beta", "node", ["pair"], addresses["beta"]],
    ]);
    const shown = project.on(addresses["beta"] ?? "", "cat /etc/ssh/ssh_host_*_key.pub").stdout;
    expect(shown).toContain(hosts[1]?.hostKey);
  });

  it("is an ssh_config that ssh takes, and that refuses another key", () => {
    const file = path.join(project.folder, "mesh.ssh");
    const ssh = (text: string) => {
      writeFileSync(file, text);
      return spawnSync("ssh", ["-F", file, "-o", "BatchMode=yes", "beta.mesh", "hostname"], { encoding: "utf8" });
    };
    expect(ssh(sshConfig)).toMatchObject({ status: 0, stdout: "beta\n", stderr: "" });
    const keys = [...sshConfig.matchAll(/echo %H (.*)/g)].map((match) => match[1] ?? "");
    expect(ssh(sshConfig.replace(keys[1] ?? "", keys[0] ?? "")).status).toBe(255);
  });
});

describe("tm logs", () => {
  it("shows the agent's and the coordinator's", async () => {
    const [agent, coordinator, refused] = await Promise.all([
      project.json<LogsResult>(["logs", "beta", "--lines", "3"]),
      project.tm(["logs", "alpha", "--coordinator"]),
      project.tm(["logs", "beta", "--coordinator"]),
    ]);
    expect(agent).toMatchObject({ name: "beta", unit: paths.agentUnit });
    expect(agent.lines).toHaveLength(3);
    expect(coordinator.code).toBe(0);
    expect(coordinator.stdout).toContain("tunnelmesh");
    expect(refused).toMatchObject({ code: 64, stdout: "" });
  });

  it("goes on until Ctrl-C, which leaves nothing running", async () => {
    const following = project.start(["logs", "beta", "-f", "--lines", "1"]);
    const beta = (command: string) => project.on(addresses["beta"] ?? "", command);
    await expect.poll(() => beta("pgrep -c journalctl").stdout.trim(), { timeout: 10_000 }).toBe("1");
    beta(`systemctl restart ${paths.agentUnit}`);
    process.kill(-following.pid, "SIGINT");
    const said = await following.done;
    expect(said.code).toBe(0);
    expect(said.stdout.split("\n").length).toBeGreaterThan(2);
    await expect.poll(() => beta("pgrep -c journalctl").stdout.trim(), { timeout: 10_000 }).toBe("0");
  });
});

describe("tm ssh", () => {
  const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith("tm-ssh-"));

  it("runs ssh without a question, keeps the code and leaves no file", async () => {
    const was = left();
    const said = await project.tm(["ssh", "beta", "--no-input", ...say(9, "a  b", "$HOME")]);
    expect(said).toMatchObject({ code: 9, stdout: "a  b|$HOME|" });
    expect(left()).toEqual(was);
  });

  it("says so when ssh is not installed", () => {
    const without = spawnSync(process.execPath, [...tm, "ssh", "beta"], {
      cwd: project.folder,
      encoding: "utf8",
      env: { ...process.env, PATH: project.folder, TM_STAGE: "main" },
    });
    expect(without.status).toBe(1);
    expect(without.stderr).toContain("Code: TM_SSH_PROGRAM_MISSING");
  });

  it("takes no other key than the mesh's", async () => {
    project.on(
      addresses["beta"] ?? "",
      "rm /etc/ssh/ssh_host_ed25519_key*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh",
    );
    const changed = await project.tm(["ssh", "beta", "--", "true"]);
    expect(changed.code).toBe(255);
    expect(changed.stderr).toContain("Host key verification failed");
  });
});

describe("a host that cannot be reached", () => {
  it("is listed, counts as 5, and the others run", async () => {
    const [said, document] = await Promise.all([
      project.tm(["exec", "--group", "pair", "--", "hostname"]),
      project.tm(["exec", "--json", "--group", "pair", "--", "hostname"]),
    ]);
    expect(said).toMatchObject({ code: 5, stdout: "alpha: alpha\n" });
    expect(said.stderr).toMatch(/beta: .*TM_SSH_HOST_KEY_CHANGED/);
    expect(document.code).toBe(5);
    expect((JSON.parse(document.stdout) as ExecResult).hosts).toMatchObject([
      { name: "alpha", code: 0, stdout: "alpha\n", stderr: "" },
      { name: "beta", error: { code: "TM_SSH_HOST_KEY_CHANGED" } },
    ]);
  });
});
