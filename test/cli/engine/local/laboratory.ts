// What the lab tests of local hosts share: a state folder of this process, a login key, ssh, and a picture of the machine.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { createLocalHosts } from "../../../../cli/engine/local/hosts.ts";
import { statePrefix } from "../../../../cli/engine/local/names.ts";

const execute = promisify(execFile);

export interface Laboratory {
  readonly state: string;
  /** Stands for the machine's own: it says which packages the hosts were made over. */
  readonly packageDatabase: string;
  readonly key: string;
  readonly authorizedKeys: readonly string[];
  readonly hosts: ReturnType<typeof createLocalHosts>;
  /** Runs a command in a host as root; what it prints, both ways, and its exit code. */
  ssh(address: string, command: string): Promise<{ code: number; text: string }>;
  close(): Promise<void>;
}

/** Opens a laboratory; close it in `afterAll`. */
export async function openLaboratory(): Promise<Laboratory> {
  const folder = await mkdtemp(`/var/tmp/local-hosts-${process.pid}-`);
  const key = path.join(folder, "key");
  await execute("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const state = path.join(folder, "state");
  const packageDatabase = path.join(folder, "packages");
  await writeFile(packageDatabase, "one\n");
  const hosts = createLocalHosts({ state, packageDatabases: [packageDatabase] });
  return {
    state,
    packageDatabase,
    key,
    authorizedKeys: [await readFile(`${key}.pub`, "utf8")],
    hosts,
    ssh: (address, command) => ssh(key, address, command),
    close: async () => {
      await hosts.leftovers({ fix: true });
      for (const { network } of await hosts.list()) await hosts.remove(network);
      await hosts.leftovers({ fix: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ssh(key: string, address: string, command: string): Promise<{ code: number; text: string }> {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=10"];
  const args = [
    "-q",
    "-F",
    "none",
    "-i",
    key,
    ...options.flatMap((option) => ["-o", option]),
    `root@${address}`,
    command,
  ];
  try {
    const { stdout, stderr } = await execute("ssh", args, { timeout: 60_000 });
    return { code: 0, text: (stdout + stderr).trim() };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: `${stdout}${stderr}`.trim() };
  }
}

/** Everything of the machine that a host could leave behind, as sorted lines. */
export async function pictureOf(state: string): Promise<string[]> {
  const say = async (program: string, ...args: string[]): Promise<string[]> =>
    (await execute(program, args)).stdout.split("\n").filter(Boolean);
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  const groups: string[] = [];
  for (const root of mounts.filter((point) => point.startsWith("/sys/fs/cgroup"))) {
    groups.push(
      ...(await readdir(root)).map((name) => `${root}/${name}`).filter((name) => /\/tm[0-9a-f]{4}[a-z]/.test(name)),
    );
  }
  const processes = (await say("ps", "-eo", "stat,args")).filter(
    (line) => !line.startsWith("Z") && /systemd-nspawn .*--machine=/.test(line) && line.includes(state),
  );
  return [
    ...(await say("ip", "netns", "list")).map((line) => `netns ${line.split(" ")[0]}`),
    ...(await say("ip", "-br", "link")).map((line) => `link ${line.split(" ")[0]}`),
    ...(await say("ip", "route", "show", "table", "all"))
      .filter((line) => !/multicast|fe80::/.test(line))
      .map((line) => `route ${line}`),
    ...(await say("nft", "list", "tables")).map((line) => `nft ${line}`),
    ...mounts.filter((point) => point !== "/run/netns").map((point) => `mount ${point}`),
    ...groups,
    ...processes,
    ...(await readdir(path.dirname(state))).map((name) => `file ${name}`),
  ]
    .filter((line) => !isOfOthers(line, state))
    .toSorted();
}

/**
 * Other tests and other local hosts come and go meanwhile. Every namespace, interface and table of this state
 * folder carries its prefix, so only those count; of mounts and groups all but those of other local hosts do.
 */
function isOfOthers(line: string, state: string): boolean {
  if (line.includes(statePrefix(state)) || line.includes(state)) return false;
  return /^(netns|link|route|nft|mount \/run\/netns) ?|\/tm[0-9a-f]{4}h|\/hosts\/[0-9a-f]{7}\/root/.test(line);
}
