// Five servers as people have them, each reached in its own way, and the home of the person who reaches them.
import { type ExecFileSyncOptions, execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createLocalHosts } from "../../cli/engine/local/hosts.ts";
import { hostNames, statePrefix } from "../../cli/engine/local/names.ts";
import { hostFolder } from "../../cli/engine/local/record.ts";
import { root } from "./project.ts";

export const passphrase = "correct horse battery staple";
export const sudoPassword = "an old password";

const state = "/var/lib/tunnelmesh-local";

/** hub: by address; inner: only through the hub; locked: a key with a passphrase; office: sudo with a password; vault: a key in the agent. */
export const serverNames = ["hub", "inner", "locked", "office", "vault"] as const;
export type ServerName = (typeof serverNames)[number];

/** Servers whose host key the person has never seen. */
export const strangers: readonly string[] = ["locked", "vault"];

export interface Servers {
  readonly network: string;
  readonly home: string;
  /** With HOME and the agent of that person. */
  readonly env: NodeJS.ProcessEnv;
  readonly addresses: Readonly<Record<ServerName, string>>;
  /** Runs as root on a server, by a door that the person does not have. */
  on(name: ServerName, command: string): { readonly code: number; readonly stdout: string; readonly stderr: string };
  /** What a server holds that it did not have when it was made, apart from what systemd itself writes: files, accounts, network. */
  look(name: ServerName): string;
  close(): Promise<void>;
}

/** Makes the servers from local hosts, and a home whose ~/.ssh knows the way to each. */
export async function makeServers(purpose: string): Promise<Servers> {
  const folder = mkdtempSync(path.join(tmpdir(), `tm-servers-${purpose}-`));
  const network = `servers-${purpose}-${process.pid}`;
  const home = path.join(folder, "home");
  const door = path.join(folder, "door");
  mkdirSync(path.join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const makeKey = (file: string, secret = "") => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", secret, "-C", path.basename(file), "-f", file]);
    return readFileSync(`${file}.pub`, "utf8").trim();
  };
  const hosts = createLocalHosts({ state, hide: [root] });
  const agentSocket = path.join(folder, "agent.sock");
  const agent = execFileSync("ssh-agent", ["-a", agentSocket], { encoding: "utf8" });
  const env = { ...process.env, ...environment(home, agentSocket) };
  const close = async () => {
    process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1]), "SIGKILL");
    await hosts.remove(network);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const specs = serverNames.map((name) => ({ name, nat: "none", internet: false }) as const);
    const made = await hosts.up(network, specs, { authorizedKeys: [makeKey(door)] });
    const addresses = Object.fromEntries(made.map(({ name, address }) => [name, address])) as Servers["addresses"];
    const doorConfig = path.join(folder, "door.config");
    writeFileSync(doorConfig, doorway(door, addresses));
    const on: Servers["on"] = (name, command) => {
      const result = spawnSync("ssh", ["-F", doorConfig, name, command], {
        encoding: "utf8",
        timeout: 60_000,
        maxBuffer: 64 * 1024 * 1024,
      });
      return { code: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
    };
    const must = (name: ServerName, command: string) => {
      const { code, stderr } = on(name, command);
      if (code !== 0) throw new Error(`${name}: ${stderr}`);
    };
    const ssh = path.join(home, ".ssh");
    const everyday = makeKey(path.join(ssh, "id_ed25519"));
    const locked = makeKey(path.join(ssh, "locked"), passphrase);
    const held = makeKey(path.join(ssh, "held"));
    execFileSync("ssh-add", ["-q", path.join(ssh, "held")], { env } satisfies ExecFileSyncOptions);
    rmSync(path.join(ssh, "held"));
    const letIn = (name: ServerName, key: string, user = "root") =>
      must(name, `f=~${user}/.ssh; install -d -m 700 -o ${user} $f; echo '${key}' > $f/authorized_keys`);
    letIn("hub", everyday);
    letIn("inner", everyday);
    letIn("locked", locked);
    letIn("vault", held);
    must("office", `useradd -m -s /bin/sh -G sudo keeper && echo 'keeper:${sudoPassword}' | chpasswd`);
    letIn("office", everyday, "keeper");
    // sudo itself leaves this mark where its user has used it once, as somebody who keeps a server has.
    must("office", "install -o keeper -g keeper -m 644 /dev/null ~keeper/.sudo_as_admin_successful");
    // From anywhere but the hub nobody answers there.
    must(
      "inner",
      `nft "table inet door { chain in { type filter hook input priority 0; tcp dport 22 ip saddr != ${addresses.hub} drop; }; }"`,
    );
    writeFileSync(path.join(ssh, "config"), configuration(addresses));
    const known = made
      .filter(({ name }) => !strangers.includes(name))
      .map(({ address, hostKey }) => `${address} ${hostKey}\n`);
    writeFileSync(path.join(ssh, "known_hosts"), known.join(""), { mode: 0o600 });
    execFileSync("ssh-keygen", ["-q", "-H", "-f", path.join(ssh, "known_hosts")], { stdio: "ignore" });
    rmSync(path.join(ssh, "known_hosts.old"));
    return { network, home, env, addresses, on, look: (name) => lookAt(network, name, on), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function environment(home: string, agentSocket: string): NodeJS.ProcessEnv {
  // Only what was fetched from the registry is shared with the tests' own home.
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(process.env["HOME"] ?? "/root", ".cache");
  return { HOME: home, SSH_AUTH_SOCK: agentSocket, XDG_CACHE_HOME: cache, TERM: "xterm-256color", TM_STAGE: "main" };
}

/** The person's ~/.ssh/config. */
function configuration(addresses: Servers["addresses"]): string {
  return `Host inner
  HostName ${addresses.inner}
  ProxyJump root@${addresses.hub}

Host locked
  HostName ${addresses.locked}
  IdentityFile ~/.ssh/locked

Host office
  HostName ${addresses.office}
  User keeper

Host vault
  HostName ${addresses.vault}
  IdentityFile ~/.ssh/held.pub
  IdentitiesOnly yes

Host *
  User root
`;
}

function doorway(key: string, addresses: Servers["addresses"]): string {
  const hosts = serverNames.map((name) => `Host ${name}\n  HostName ${addresses[name]}\n`);
  return `Host inner
  ProxyJump hub
${hosts.join("")}Host *
  User root
  IdentityFile ${key}
  IdentitiesOnly yes
  BatchMode yes
  LogLevel ERROR
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
`;
}

/** The overlay's own layer holds every file that differs from this machine; what is mounted over it is listed from inside. */
function lookAt(network: string, name: ServerName, on: Servers["on"]): string {
  const upper = path.join(hostFolder(state, hostNames(statePrefix(state), network, name).key), "upper");
  const written = execFileSync("find", [upper, "-printf", "/%P %M %U %G %y %s\\n"], { encoding: "utf8" });
  const files = written
    .split("\n")
    .filter(
      (line) =>
        !/^\/(etc\/(\S*-|passwd|group|shadow|gshadow|subuid|subgid) |var\/(log|cache|lib\/systemd|tmp)\/)/.test(line),
    );
  const own = files.filter((line) => !/ d \d+$/.test(line) || !existsSync(line.split(" ")[0] ?? ""));
  const { code, stdout, stderr } = on(
    name,
    `find /root /home /srv /tmp -xdev ! -path '/tmp/systemd-private-*' -printf '%p %M %u %s\\n'
cat /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/subuid /etc/subgid /etc/hosts /etc/resolv.conf; systemctl list-units --all --no-legend 'tunnelmesh*'
ip -o link | cut -d ' ' -f 2,9-; ip -o addr | awk '{print $2, $4}'; ip rule; ip route show table all; ip -6 route show table all
nft list ruleset; ls -A /run; sysctl -a 2>/dev/null | grep -E 'forward|rp_filter'`,
  );
  if (code !== 0) throw new Error(`${name}: ${stderr}`);
  return [...own.toSorted(), ...stdout.split("\n").map((line) => line.replace(/expires \d+sec/, ""))].join("\n");
}
