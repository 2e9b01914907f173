// A stock WireGuard client on a host that is no member: wg-quick with the configuration as tm wrote it, through either gateway, until it is removed.
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AddClientResult, ListClientsResult, RemoveClientResult } from "../../cli/engine/client/contract.ts";
import type { DeployResult } from "../../cli/engine/deploy/contract.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { Project } from "./project.ts";

const project = new Project("clients");
let addresses: Record<string, string> = {};
let mesh: Record<string, string> = {};
let phone: AddClientResult;

beforeAll(async () => {
  project.create(`  mesh.coordinator("alpha", new LocalHost());
  mesh.node("beta", new LocalHost());`);
  const deployed = await project.json<DeployResult>(["deploy", "--yes"]);
  expect(deployed.failed).toBe(0);
  mesh = Object.fromEntries(deployed.hosts.map(({ name, ip4 }) => [name, ip4 ?? ""]));
  await project.json(["local", "up", "device", "--network", project.mesh, "--key", `${project.key}.pub`]);
  addresses = await project.addresses();
});
afterAll(() => project.remove());

const on = (name: string, command: string, input?: string) => project.on(addresses[name] ?? "", command, input);
const quick = "WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick";
/** What a person does with the file: copies it over and turns it on. */
function turnOn(configuration: string): void {
  const text = readFileSync(configuration, "utf8");
  const command = `umask 077; ${quick} down /run/phone.conf 2>/dev/null; cat > /run/phone.conf; ${quick} up /run/phone.conf`;
  const said = on("device", command, text);
  expect([said.code, said.stderr]).toEqual([0, expect.anything()]);
}
const reaches = (from: string, to: string | undefined, tries = 20) =>
  on(from, `for i in $(seq ${tries}); do ping -c 1 -W 1 ${to} >/dev/null && exit 0; sleep 0.2; done; exit 1`).code ===
  0;
const listed = async () => (await project.json<ListClientsResult>(["client", "list"])).clients;
const states = async () => (await listed())[0]?.gateways.map(({ state }) => state);
const configuration = (gateway: string) => phone.gateways.find(({ name }) => name === gateway)?.configuration ?? "";

describe("a client", () => {
  it("gets a configuration per gateway, which nobody else reads and no other file or output repeats", async () => {
    phone = await project.json<AddClientResult>(["client", "add", "phone", "--via", "alpha", "--via", "beta"]);
    expect(phone).toMatchObject({ mesh: project.mesh, name: "phone", waiting: [], expires: 0 });
    expect(phone.gateways.map(({ endpoint }) => endpoint)).toEqual([
      `${addresses["alpha"]}:51820`,
      `${addresses["beta"]}:51820`,
    ]);
    const secrets = phone.gateways.flatMap(({ configuration: file, image }) => {
      for (const one of [file, image ?? ""]) expect(statSync(one).mode & 0o777).toBe(0o600);
      return [...readFileSync(file, "utf8").matchAll(/^(?:PrivateKey|PresharedKey) = (.*)$/gm)].map(
        (match) => match[1] ?? "",
      );
    });
    expect(new Set(secrets).size).toBe(3);
    const everything = [
      JSON.stringify(phone),
      readFileSync(path.join(project.folder, "mesh/main.jsonl"), "utf8"),
      ...logsOf(),
    ];
    for (const secret of secrets) {
      for (const text of everything) expect(text).not.toContain(secret);
      for (const text of everything) expect(text).not.toContain(Buffer.from(secret, "base64").toString("hex"));
    }
  });

  it("reaches its gateway and nodes behind it, and they reach it, by name as well", async () => {
    turnOn(configuration("alpha"));
    expect(reaches("device", mesh["alpha"])).toBe(true);
    expect(reaches("device", mesh["beta"])).toBe(true);
    expect(reaches("beta", "phone.mesh")).toBe(true);
    const [one] = await listed();
    expect(one).toMatchObject({ name: "phone", ip4: phone.ip4, publicKey: phone.publicKey });
    expect(one?.gateways[0]).toMatchObject({ name: "alpha", state: "ready", handshakeAge: expect.any(Number) });
    expect(one?.gateways[1]).toEqual({ name: "beta", state: "ready" });
  });

  it("comes back when its gateway starts anew, without the coordinator too", () => {
    const { agentUnit, coordinatorUnit } = hostPaths(project.mesh);
    on("alpha", `systemctl stop ${coordinatorUnit}; systemctl restart ${agentUnit}`);
    expect(reaches("device", mesh["beta"], 60)).toBe(true);
    expect(on("alpha", `systemctl start ${coordinatorUnit}`).code).toBe(0);
  });

  it("moves to its other gateway with the other configuration", async () => {
    turnOn(configuration("beta"));
    expect(reaches("device", mesh["beta"])).toBe(true);
    expect(reaches("device", mesh["alpha"])).toBe(true);
    expect(reaches("alpha", phone.ip4)).toBe(true);
  });

  it("has its key, name and address in new configurations, and the old ones connect no more", async () => {
    const again = await project.json<AddClientResult>(["client", "config", "phone", "--via", "beta"]);
    expect(again).toMatchObject({ nid: phone.nid, ip4: phone.ip4, publicKey: phone.publicKey, waiting: [] });
    expect(again.gateways).toEqual(phone.gateways.filter(({ name }) => name === "beta"));
    await expect.poll(() => reaches("device", mesh["beta"], 1), { timeout: 15_000 }).toBe(false);
    turnOn(configuration("beta"));
    expect(reaches("device", mesh["alpha"])).toBe(true);
  });

  it("is no host: no other command looks for it over SSH", async () => {
    const status = await project.json<{ hosts: { name: string }[] }>(["status"]);
    expect(status.hosts.map(({ name }) => name)).toEqual(["alpha", "beta"]);
    const removed = await project.tm(["remove-node", "phone", "--yes"]);
    expect([removed.code, removed.stderr]).toEqual([1, expect.stringContaining("tm client remove phone")]);
    const taken = await project.tm(["client", "add", "phone", "--via", "alpha"]);
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining("TM_DEPLOY_NAME_TAKEN")]);
  });

  it("outlives a deploy, and the new key of a node that it talks to", async () => {
    phone = await project.json<AddClientResult>(["client", "config", "phone", "--via", "beta", "--via", "alpha"]);
    expect(phone.waiting).toEqual([]);
    turnOn(configuration("alpha"));
    expect(reaches("device", mesh["beta"])).toBe(true);
    expect((await project.json<DeployResult>(["deploy", "--yes"])).failed).toBe(0);
    expect(reaches("device", mesh["beta"], 1)).toBe(true);
    await project.json(["local", "up", "gamma", "--network", project.mesh, "--key", `${project.key}.pub`]);
    addresses = await project.addresses();
    const file = "/etc/ssh/ssh_host_ed25519_key";
    const hostKey = () => on("gamma", `cut -d' ' -f1,2 ${file}.pub`).stdout.trim();
    const target = `root@${addresses["gamma"]}`;
    const { host } = await project.json<{ host: { ip4: string } }>([
      "add-node",
      target,
      "--name",
      "gamma",
      "--host-key",
      hostKey(),
    ]);
    expect(reaches("device", host.ip4)).toBe(true);
    on("gamma", `rm ${file} ${file}.pub; ssh-keygen -q -t ed25519 -N '' -f ${file}; systemctl restart ssh`);
    await project.json(["rekey", "gamma", "--host-key", hostKey()]);
    expect(reaches("device", host.ip4)).toBe(true);
    expect(reaches("gamma", phone.ip4)).toBe(true);
    expect(await states()).toEqual(["ready", "ready"]);
  });

  it("keeps the gateway that stays when a deploy takes the other out of the mesh", async () => {
    project.write(`  mesh.coordinator("alpha", new LocalHost());`);
    expect((await project.json<DeployResult>(["deploy", "--yes"])).failed).toBe(0);
    expect(reaches("device", mesh["alpha"], 1)).toBe(true);
    expect(await states()).toEqual(["gone", "ready"]);
  });

  it("is cut off at once when it is removed, and its files are gone", async () => {
    const removed = await project.json<RemoveClientResult>(["client", "remove", "phone", "--yes"]);
    expect(removed.files).toHaveLength(4);
    await expect.poll(() => reaches("device", mesh["alpha"], 1), { timeout: 3_000 }).toBe(false);
    expect(await listed()).toEqual([]);
    expect((await project.tm(["client", "remove", "phone", "--yes"])).stderr).toContain("TM_CLIENT_UNKNOWN");
  });
});

function logsOf(): string[] {
  const folder = path.join(project.folder, ".tm");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.includes("/.tm/clients/"))
    .map((file) => readFileSync(file, "utf8"));
}
