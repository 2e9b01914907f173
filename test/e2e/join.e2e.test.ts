// Joining by token from inside the machine, with the real tm there: used once, killed, revoked, without the coordinator, removed.
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
import type { RekeyResult } from "../../cli/engine/deploy/rekey-contract.ts";
import type { CreateTokenResult, ListTokensResult, RevokeTokenResult } from "../../cli/engine/deploy/token-contract.ts";
import type { JoinResult } from "../../cli/engine/join/contract.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { RemoteTm } from "./clone.ts";
import { Project } from "./project.ts";

const project = new Project("join");
const paths = hostPaths(project.mesh);
let addresses: Record<string, string> = {};
let gamma: RemoteTm;
let delta: RemoteTm;

beforeAll(async () => {
  project.create(`  const people = mesh.group("people");
  mesh.coordinator("alpha", new LocalHost(), { groups: [people] });
  mesh.node("beta", new LocalHost());`);
  const deployed = await project.json<DeployResult>(["deploy", "--yes"]);
  expect(deployed.failed).toBe(0);
  const network = ["--network", project.mesh, "--key", `${project.key}.pub`];
  await project.json(["local", "up", "gamma", "delta", ...network]);
  addresses = await project.addresses();
  gamma = new RemoteTm(project, addresses["gamma"] ?? "").install(deployed.release);
  delta = new RemoteTm(project, addresses["delta"] ?? "").install(deployed.release);
});
afterAll(() => project.remove());

const on = (name: string, command: string) => project.on(addresses[name] ?? "", command);
/** Reaches it within some seconds: a new member's peers learn of it at their own pace. */
const reaches = (from: string, to: string, tries = 30) =>
  on(from, `for i in $(seq ${tries}); do ping -c 1 -W 1 ${to}.mesh >/dev/null && exit 0; sleep 0.3; done; exit 1`)
    .code === 0;
const create = (...flags: string[]) => project.json<CreateTokenResult>(["token", "create", ...flags]);
const listed = async (tid: string) =>
  (await project.json<ListTokensResult>(["token", "list"])).tokens.find((token) => token.tid === tid);
const logLines = () => readFileSync(path.join(project.folder, "mesh/main.jsonl"), "utf8").trim().split("\n");
const left = (tm: RemoteTm) =>
  tm.on("ls -d /opt/tunnelmesh /etc/tunnelmesh /var/lib/tunnelmesh 2>/dev/null; getent group tunnelmesh").stdout;
let single: CreateTokenResult;

describe("a token for one use", () => {
  it("is printed alone on stdout, and once", async () => {
    const said = await project.tm(["token", "create", "--group", "people", "--expires", "1h"]);
    expect(said.code).toBe(0);
    expect(said.stdout).toMatch(/^tmj1_[A-Za-z0-9_-]+\n$/);
    const tid = /Token ([0-9a-f]{16}) /.exec(said.stderr)?.[1] ?? "";
    expect(said.stderr).not.toContain("tmj1_");
    single = { tid, token: said.stdout.trim() } as CreateTokenResult;
    expect(await listed(tid)).toMatchObject({ state: "usable", usesLeft: 1, groups: ["people"], used: [] });
    expect(readFileSync(path.join(project.folder, "mesh/main.jsonl"), "utf8")).not.toContain(single.token);
  });

  it("makes the machine it is given to a member that everybody reaches by name, and is told so", async () => {
    const joined = gamma.json<JoinResult>(["join"], `${single.token}\n`);
    expect(joined).toMatchObject({ mesh: project.mesh, name: "gamma", groups: ["people"], already: false });
    expect(joined.peers.map(({ name }) => name).toSorted()).toEqual(["alpha", "beta"]);
    expect(reaches("gamma", "beta")).toBe(true);
    expect(reaches("beta", "gamma")).toBe(true);
    const status = await project.json<StatusResult>(["status"]);
    expect(status.hosts.find(({ name }) => name === "gamma")?.agent).toMatchObject({ state: "up", ip4: joined.ip4 });
    const exec = await project.tm(["exec", "gamma", "--", "hostname"]);
    expect([exec.code, exec.stdout]).toEqual([0, "gamma\n"]);
    expect((await project.json<{ hosts: { name: string }[] }>(["inventory"])).hosts.map(({ name }) => name)).toContain(
      "gamma",
    );
  });

  it("says so where the machine is a member already", () => {
    const before = gamma.on(`systemctl show -p MainPID ${paths.agentUnit}`).stdout;
    const again = gamma.tm(["join", single.token]);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("already")]);
    expect(gamma.json(["join", "--update"])).toMatchObject({ mesh: project.mesh, updated: false });
    expect(gamma.on(`systemctl show -p MainPID ${paths.agentUnit}`).stdout).toBe(before);
  });

  it("lets nobody else in, and leaves nothing where it was refused", async () => {
    expect(await listed(single.tid)).toMatchObject({
      state: "used-up",
      usesLeft: 0,
      used: [{ name: "gamma", member: true }],
    });
    const refused = delta.tm(["join"], `${single.token}\n`);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("TM_JOIN_USED_UP");
    expect(left(delta)).toBe("");
  });

  it("is in no process list, log or file of the machine", () => {
    const secret = single.token.slice(5);
    const search =
      "{ cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; journalctl --no-pager -o cat; find /etc /opt /var/lib/tunnelmesh /run -xdev -type f -size -1M -exec cat {} +; } 2>/dev/null | grep -acF -f /dev/shm/needle";
    const found = project.on(gamma.address, `umask 077; cat > /dev/shm/needle; ${search}; rm /dev/shm/needle`, secret);
    expect(found.stdout.trim()).toBe("0");
  });
});

describe("a join that is killed", () => {
  it("is finished by the next run", async () => {
    const many = await create("--uses", "2", "--expires", "1h");
    const exposed = delta.tm(["join", many.token]);
    expect([exposed.code, exposed.stderr]).toEqual([1, expect.stringContaining("TM_MEMBER_TOKEN_EXPOSED")]);
    const killed = `cat > /dev/shm/token; XDG_CACHE_HOME=/srv/cache setsid sh /srv/clone/tm join < /dev/shm/token >/dev/null 2>&1 & sleep ${(2 + Math.random() * 6).toFixed(1)}; kill -9 -- -$!; rm /dev/shm/token`;
    project.on(delta.address, killed, `${many.token}\n`);
    await delay(200);
    const joined = delta.json<JoinResult>(["join", "--name", "delta"], `${many.token}\n`);
    expect(joined.name).toBe("delta");
    expect(reaches("beta", "delta")).toBe(true);
    expect((await listed(many.tid))?.used.map(({ name }) => name)).toEqual(["delta"]);

    // One token revoked keeps who came by it; with --nodes it does not.
    expect(await project.json<RevokeTokenResult>(["token", "revoke", many.tid])).toMatchObject({ removed: [] });
    expect(reaches("beta", "delta")).toBe(true);
    const revoked = await project.json<RevokeTokenResult>(["token", "revoke", many.tid, "--nodes", "--yes"]);
    expect(revoked.removed).toEqual(["delta"]);
    await expect.poll(() => on("beta", "ping -c 1 -W 1 delta.mesh").code, { timeout: 20_000 }).not.toBe(0);
    expect(delta.tm(["leave", "--local", "--yes"]).code).toBe(0);
    expect(left(delta)).toBe("");
    const refused = delta.tm(["join"], `${many.token}\n`);
    expect(refused.stderr).toContain("TM_JOIN_REVOKED");
    expect(left(delta)).toBe("");
  });
});

describe("a deploy afterwards", () => {
  it("confirms who came by a token, once", async () => {
    const extra = await create("--expires", "1h");
    expect(await listed(extra.tid)).toMatchObject({ state: "usable" });
    const lines = logLines();
    expect(lines.filter((line) => line.includes("checkpoint")).length).toBeGreaterThan(0);
    for (let round = 0; round < 2; round += 1) {
      const again = await project.json<DeployResult>(["deploy", "--yes"]);
      expect(again.hosts.map(({ name, state }) => `${name} ${state}`)).toEqual(["alpha unchanged", "beta unchanged"]);
    }
    expect(logLines()).toEqual(lines);
    expect(reaches("gamma", "alpha")).toBe(true);
  });
});

describe("without the coordinator", () => {
  it("the mesh goes on with who has joined, and is shown with them", async () => {
    on("alpha", `systemctl stop ${paths.coordinatorUnit}`);
    gamma.on(`systemctl restart ${paths.agentUnit}`);
    expect(reaches("gamma", "beta", 60)).toBe(true);
    expect(reaches("beta", "gamma")).toBe(true);
    const status = await project.json<StatusResult>(["status"]);
    expect(status.hosts.map(({ name }) => name)).toContain("gamma");
    on("alpha", `systemctl start ${paths.coordinatorUnit}`);
  });
});

describe("the end of a membership", () => {
  it("comes with tm remove-node, which also uninstalls where SSH leads there", async () => {
    const removed = await project.json<{ uninstalled: boolean }>(["remove-node", "gamma", "--yes"]);
    expect(removed.uninstalled).toBe(true);
    await expect.poll(() => on("beta", "ping -c 1 -W 1 gamma.mesh").code, { timeout: 20_000 }).not.toBe(0);
  });
});

describe("a rebuilt host", () => {
  const key = () => on("delta", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub").stdout.trim();

  it("takes its old place with tm rekey, and the error that it brings says so", async () => {
    const flags = ["--name", "delta", "--host-key", key()];
    const { host } = await project.json<{ host: { ip4: string } }>([
      "add-node",
      `root@${addresses["delta"]}`,
      ...flags,
    ]);
    on(
      "delta",
      "rm /etc/ssh/ssh_host_ed25519_key*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh",
    );
    const status = await project.tm(["status"]);
    expect(status.stdout).toContain("tm rekey delta");
    const unasked = await project.tm(["rekey", "delta", "--yes"]);
    expect(unasked.code).not.toBe(0);
    expect(unasked.stderr).toMatch(/TM_SSH_HOST_KEY|TM_DEPLOY_REKEY_REFUSED/);
    const rekeyed = await project.json<RekeyResult>(["rekey", "delta", "--host-key", key()]);
    expect(rekeyed.host).toMatchObject({ name: "delta", ip4: host.ip4 });
    expect(rekeyed.before).not.toBe(rekeyed.now);
    expect(reaches("beta", "delta")).toBe(true);
    const again = await project.json<RekeyResult>(["rekey", "delta", "--host-key", key()]);
    expect(again.host.state).toBe("unchanged");
  });
});
