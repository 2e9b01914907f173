// Droplets as local hosts: containers with their own system and sshd, guarded by the cloud's firewalls.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { hostAddresses, networkAddresses } from "../local/address.ts";
import type { LocalHosts } from "../local/host.ts";
import { hostNames, networkNames, statePrefix } from "../local/names.ts";
import { readHosts, readNetworks } from "../local/record.ts";
import { attempt, ip, run } from "../local/run.ts";
import { connectHost } from "../ssh/connect.ts";
import { firewallRules } from "./firewall-rules.ts";
import type { MachineAddresses, Machines } from "./machines.ts";
import type { CloudState, DropletRecord } from "./state.ts";

/** All droplets live in one local network, as all public addresses of the service reach each other. */
export const sandboxNetwork = "sandbox";

export interface LocalMachinesOptions {
  /** State folder of `hosts`. */
  readonly state: string;
  readonly hosts: LocalHosts;
  readonly log: (line: string) => void;
}

export function localMachines(options: LocalMachinesOptions): Machines {
  const { hosts, state, log } = options;
  const prefix = statePrefix(state);
  let applying: Promise<void> = Promise.resolve();
  return {
    async create(droplet, privateRange) {
      const name = hostName(droplet);
      const info = droplet.user_data === null ? await make(name, droplet.ssh_keys) : await makeAndRun(name, droplet);
      const addresses = await addressesOf(state, name, droplet, privateRange);
      const { machine } = hostNames(prefix, sandboxNetwork, name);
      await ip(machine, [`addr replace ${addresses.private_ip}/20 dev eth0`]);
      log(`droplet ${droplet.id} ${droplet.name} answers at ${info.address}`);
      return addresses;
    },
    async remove(id) {
      const gone = (await hosts.list(sandboxNetwork)).filter(({ name }) => name.endsWith(`-${id}`));
      if (gone.length > 0)
        await hosts.remove(
          sandboxNetwork,
          gone.map(({ name }) => name),
        );
    },
    async power(id, on) {
      const found = (await hosts.list(sandboxNetwork)).find(({ name }) => name.endsWith(`-${id}`));
      if (found === undefined) return;
      const { machine } = hostNames(prefix, sandboxNetwork, found.name);
      const { gateway4, gateway6 } = (await placeOf(state, found.name)).addresses;
      await ip(machine, on ? ["link set eth0 up"] : ["link set eth0 down"]);
      // Routes go with the link; IPv6 addresses too.
      if (on) {
        const { own6 } = (await placeOf(state, found.name)).addresses;
        await attempt("ip", ["-n", machine, "addr", "add", `${own6}/64`, "dev", "eth0", "nodad"]);
        await ip(machine, [`route replace default via ${gateway4}`, `route replace default via ${gateway6}`]);
      }
    },
    applyNetwork(cloud) {
      // One after the other: the last state wins.
      applying = applying
        .then(() => applyAll(options, prefix, cloud))
        .catch((error: unknown) => {
          log(`firewalls and addresses: ${error instanceof Error ? error.message : String(error)}`);
        });
      return applying;
    },
  };

  function make(name: string, authorizedKeys: readonly string[]) {
    return hosts
      .up(sandboxNetwork, [{ name, nat: "none", internet: false }], { authorizedKeys })
      .then((made) => made[0]!);
  }

  /** Runs the droplet's first script over SSH with a key that lives for as long as that takes, then only its own keys remain. */
  async function makeAndRun(name: string, droplet: DropletRecord) {
    const folder = await mkdtemp(path.join(tmpdir(), "tm-sandbox-"));
    try {
      const key = path.join(folder, "key");
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
      const info = await make(name, [...droplet.ssh_keys, (await readFile(`${key}.pub`, "utf8")).trim()]);
      const target = { target: `root@${info.address}`, port: 22, hostKey: info.hostKey };
      const connection = await connectHost(target, { identityFiles: [key], home: folder });
      try {
        const { code, stderr } = await connection.run(
          'script=$(mktemp) && cat > "$script" && chmod 700 "$script" && "$script"; code=$?; rm -f "$script"; exit $code',
          { stdin: droplet.user_data ?? "" },
        );
        if (code !== 0) log(`droplet ${droplet.id}: its first script ended with ${code}: ${stderr.slice(0, 500)}`);
      } finally {
        connection.close();
      }
      return await make(name, droplet.ssh_keys);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** A local host's name is its host name too; two droplets may share theirs. */
function hostName({ name, id }: DropletRecord): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${plain.slice(0, 50)}-${id}`;
}

async function placeOf(state: string, name: string) {
  const networks = [...(await readNetworks(state)).values()];
  const network = networks.find((one) => one.network === sandboxNetwork);
  const host = [...(await readHosts(state)).values()].find(
    (one) => one.network === sandboxNetwork && one.name === name,
  );
  if (network === undefined || host === undefined) throw new Error(`there is no local host ${name}`);
  return { network, host, addresses: hostAddresses(network, host) };
}

async function addressesOf(
  state: string,
  name: string,
  droplet: DropletRecord,
  privateRange: string,
): Promise<MachineAddresses> {
  const { host, addresses } = await placeOf(state, name);
  const [first = "10", second = "10"] = privateRange.split(".");
  return {
    public_ip: addresses.outside4,
    private_ip: `${first}.${second}.0.${host.index}`,
    ipv6: droplet.features.includes("ipv6") ? addresses.outside6 : null,
  };
}

async function applyAll({ state, log }: LocalMachinesOptions, prefix: string, cloud: CloudState): Promise<void> {
  const standing = Object.values(cloud.droplets).filter(({ public_ip }) => public_ip !== null);
  const network = [...(await readNetworks(state)).values()].find((one) => one.network === sandboxNetwork);
  if (network === undefined) return;
  const addresses = networkAddresses(network);
  for (const droplet of standing) {
    const { machine } = hostNames(prefix, sandboxNetwork, hostName(droplet));
    const { failed, stderr } = await execa("ip", ["netns", "exec", machine, "nft", "-f", "-"], {
      input: firewallRules(cloud, droplet, [addresses.machine4, addresses.machine6]),
      reject: false,
    });
    if (failed) log(`droplet ${droplet.id}: nft: ${stderr.slice(0, 500)}`);
  }
  await applyReserved(prefix, cloud, addresses, standing);
}

/** A reserved address leads to its droplet, which has it beside its own; one that is not assigned leads nowhere. */
async function applyReserved(
  prefix: string,
  cloud: CloudState,
  network: ReturnType<typeof networkAddresses>,
  standing: readonly DropletRecord[],
): Promise<void> {
  const { router, link } = networkNames(prefix, sandboxNetwork);
  const wanted = new Map(
    Object.values(cloud.reservedIps).flatMap((reserved) => {
      const droplet = standing.find(({ id }) => id === reserved.droplet_id);
      return droplet?.public_ip == null ? [] : [[reserved.ip, droplet] as const];
    }),
  );
  for (const droplet of standing) {
    const { machine } = hostNames(prefix, sandboxNetwork, hostName(droplet));
    for (const address of await reservedOn(machine)) {
      if (wanted.get(address) !== droplet)
        await attempt("ip", ["-n", machine, "addr", "del", `${address}/32`, "dev", "eth0"]);
    }
  }
  for (const stale of await reservedRoutes(link)) {
    if (wanted.has(stale)) continue;
    await attempt("ip", ["route", "del", `${stale}/32`]);
    await attempt("ip", ["-n", router, "route", "del", `${stale}/32`]);
  }
  for (const [address, droplet] of wanted) {
    const { machine } = hostNames(prefix, sandboxNetwork, hostName(droplet));
    await ip(machine, [`addr replace ${address}/32 dev eth0`]);
    await ip(router, [`route replace ${address}/32 via ${droplet.public_ip} dev br0`]);
    await ip(undefined, [
      `route replace ${address}/32 via ${network.router4} dev ${link} onlink src ${network.machine4}`,
    ]);
  }
}

/** What `ip -j` prints, as far as it is looked into; a device without an address of the kind is an empty object. */
const devicesSchema = z.array(z.object({ addr_info: z.array(z.object({ local: z.string() })).default([]) }));
const routesSchema = z.array(z.object({ dst: z.string() }));
const reserved = /^198\.19\.255\.\d+$/;

async function reservedOn(machine: string): Promise<string[]> {
  const { ok, stdout } = await attempt("ip", ["-n", machine, "-j", "-4", "addr", "show", "dev", "eth0"]);
  if (!ok) return [];
  const [device] = devicesSchema.parse(JSON.parse(stdout || "[]"));
  return (device?.addr_info ?? []).map(({ local }) => local).filter((address) => reserved.test(address));
}

async function reservedRoutes(link: string): Promise<string[]> {
  const { ok, stdout } = await attempt("ip", ["-j", "-4", "route", "show", "dev", link]);
  if (!ok) return [];
  return routesSchema
    .parse(JSON.parse(stdout || "[]"))
    .map(({ dst }) => dst)
    .filter((address) => reserved.test(address));
}
