// Plans the upper layer of a host: what of this machine it must not see, and what is its own.
import path from "node:path";

/** Content of the upper layer, written before it is mounted. All paths are absolute inside the host. */
export interface UpperPlan {
  /** Made to look as if they were never there. */
  readonly hidden: readonly string[];
  /** Units that must not start. */
  readonly masked: readonly string[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
  readonly files: readonly { readonly path: string; readonly mode: number; readonly text: string }[];
}

/** Facts of the machine that the plan depends on. */
export interface MachineFacts {
  readonly state: string;
  readonly units: readonly string[];
  readonly meshUnits: readonly string[];
  /** Names in /etc/ssh and /etc/ssh/sshd_config.d. */
  readonly sshFiles: readonly string[];
  readonly sshdSnippets: readonly string[];
  readonly sysctlSnippets: readonly string[];
  readonly shadow: string;
  readonly nameservers: readonly string[];
}

/** Folders that hold what is nobody else's business, or data that a host would only carry around. */
const secrets = [
  "/etc/shadow-",
  "/etc/gshadow-",
  "/etc/ssl/private",
  "/etc/letsencrypt",
  "/etc/wireguard",
  "/etc/NetworkManager/system-connections",
  "/etc/netplan",
  "/etc/crypttab",
  "/etc/sudoers.d",
  "/etc/sysctl.conf",
  "/etc/docker",
  "/etc/kubernetes",
  "/etc/rancher",
  "/etc/tunnelmesh",
  "/opt/tunnelmesh",
  "/var/lib/tunnelmesh",
  "/var/lib/cloud",
  "/var/lib/docker",
  "/var/lib/kubelet",
  "/var/lib/containerd",
  "/var/lib/machines",
  "/var/lib/postgresql",
  "/var/lib/mysql",
  "/var/lib/systemd/linger",
  "/var/log/journal",
  "/var/spool/cron",
  "/var/mail",
  "/var/backups",
];

/** Where a host finds the keys that may log in as root; bound read-only from the state folder. */
export const keysFolder = "/etc/ssh/local_keys";

/** Plans the upper layer. `machineId` is 32 hex digits, new for every host (machine-id(5)). */
export function planUpper(
  host: { name: string; internet: boolean; machineId: string },
  facts: MachineFacts,
): UpperPlan {
  const ssh = facts.sshFiles.filter((name) => /^ssh_host_|^ssh_known_hosts$/.test(name));
  const files = filesOf(host, facts);
  const hidden = [
    ...secrets,
    facts.state,
    ...facts.meshUnits,
    ...ssh.filter((name) => !ownKeys.includes(name)).map((name) => `/etc/ssh/${name}`),
    ...facts.sshdSnippets.map((name) => `/etc/ssh/sshd_config.d/${name}`),
    ...facts.sysctlSnippets.map((name) => `/etc/sysctl.d/${name}`),
  ];
  return {
    // A file of the host's own covers the machine's: nothing may be hidden in its place first.
    hidden: hidden.filter((name) => !files.some((file) => file.path === name)),
    masked: facts.units,
    links: [{ path: "/var/lib/dbus/machine-id", target: "/etc/machine-id" }],
    files,
  };
}

function filesOf(
  host: { name: string; internet: boolean; machineId: string },
  facts: MachineFacts,
): UpperPlan["files"] {
  return [
    { path: "/etc/machine-id", mode: 0o444, text: `${host.machineId}\n` },
    { path: "/etc/hostname", mode: 0o644, text: `${host.name}\n` },
    { path: "/etc/hosts", mode: 0o644, text: hostsFile(host.name) },
    { path: "/etc/resolv.conf", mode: 0o644, text: resolvConf(host.internet ? facts.nameservers : []) },
    { path: "/etc/fstab", mode: 0o644, text: "# Mounts of a local host come from its container.\n" },
    { path: "/etc/shadow", mode: 0o600, text: withoutPasswords(facts.shadow) },
    { path: "/etc/ssh/sshd_config", mode: 0o644, text: sshdConfig },
    { path: "/etc/ssh/sshd_config.d/00-local-host.conf", mode: 0o644, text: sshdSnippet },
  ];
}

/** Host keys that are made anew, and so need not be hidden. */
export const ownKeys = ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub", "ssh_host_rsa_key", "ssh_host_rsa_key.pub"];

const sshdConfig = `Include /etc/ssh/sshd_config.d/*.conf
KbdInteractiveAuthentication no
UsePAM yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
`;

const sshdSnippet = `PermitRootLogin prohibit-password
PasswordAuthentication no
AuthorizedKeysFile .ssh/authorized_keys ${keysFolder}/%u
`;

function hostsFile(name: string): string {
  return `127.0.0.1 localhost
127.0.1.1 ${name}
::1 localhost ip6-localhost ip6-loopback
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
`;
}

function resolvConf(nameservers: readonly string[]): string {
  if (nameservers.length === 0) return "# A local host without internet asks nobody for names.\n";
  return nameservers.map((server) => `nameserver ${server}\n`).join("");
}

/** Keeps accounts and drops password hashes: "*" matches no password and does not lock key logins. */
function withoutPasswords(shadow: string): string {
  return shadow
    .split("\n")
    .map((line) => line.replace(/^([^:]+):[^:]*/, "$1:*"))
    .join("\n");
}

const always = ["/root", "/home", "/tmp", "/srv"];
const system = ["bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys", "usr"];

/** Folders that a host has empty: homes, and this checkout and working folder unless the system itself is in there. */
export function coveredFolders(folders: readonly string[]): string[] {
  const covered = [...always];
  for (const folder of folders.map((name) => path.resolve(name)).toSorted()) {
    const [first = "", second] = folder.split("/").slice(1);
    const needed =
      first === "" || system.includes(first) || (second === undefined && ["var", "opt", "mnt"].includes(first));
    const within = covered.some((other) => folder === other || folder.startsWith(`${other}/`));
    const library = first === "var" && folder.split("/").length < 5;
    if (!needed && !within && !library) covered.push(folder);
  }
  return covered;
}
