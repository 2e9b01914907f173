// Starts the container of a host so that it outlives this process, and stops it.
import { spawn } from "node:child_process";
import { mkdir, open, readFile, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { groupProcesses, isSystemdBooted, killGroup, makeGroups } from "./cgroup.ts";
import { keysFolder } from "./disguise.ts";
import type { HostNames } from "./names.ts";
import { childrenOf, findSupervisor, kill, processesIn, supervisorsOf, waitUntil } from "./process.ts";
import { hostFolder } from "./record.ts";
import { attempt } from "./run.ts";

const pidFile = (state: string, key: string): string => path.join(hostFolder(state, key), "pid");
const logFile = (state: string, key: string): string => path.join(hostFolder(state, key), "console.log");

/** Who may log in: a folder of the state, bound read-only, so that it can be changed from outside alone. */
export async function writeKeys(state: string, key: string, authorizedKeys: readonly string[]): Promise<void> {
  const folder = path.join(hostFolder(state, key), "keys");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await writeFileAtomic(path.join(folder, "root"), authorizedKeys.map((line) => `${line.trim()}\n`).join(""), {
    mode: 0o644,
  });
}

/** Arguments of systemd-nspawn(1). */
export function containerArguments(options: {
  readonly machine: string;
  readonly name: string;
  readonly root: string;
  readonly keys: string;
  readonly covered: readonly string[];
  readonly register: boolean;
}): string[] {
  return [
    "--quiet",
    "--boot",
    "--console=pipe",
    `--machine=${options.machine}`,
    `--hostname=${options.name}`,
    `--directory=${options.root}`,
    `--network-namespace-path=/run/netns/${options.machine}`,
    "--capability=CAP_NET_ADMIN,CAP_NET_RAW",
    "--bind=/dev/net/tun",
    `--bind-ro=${options.keys}:${keysFolder}`,
    ...options.covered.map((folder) => `--tmpfs=${folder}:mode=${folderModes[folder] ?? "0755"}`),
    "--resolv-conf=off",
    "--timezone=off",
    "--link-journal=no",
    "--keep-unit",
    ...(options.register ? [] : ["--register=no"]),
  ];
}

/**
 * Arguments of systemd-run(1) before the supervisor's command line: a scope of the host's own. Left alone,
 * systemd-nspawn moves the container into a scope but stays itself in the unit of whoever started it, and would end
 * with it. The devices are those that systemd-nspawn@.service allows, and TUN.
 */
export function scopeArguments(machine: string): string[] {
  const properties = ["Delegate=yes", "DevicePolicy=closed", "DeviceAllow=/dev/net/tun rwm", "DeviceAllow=char-pts rw"];
  return [
    ...["--quiet", "--scope", "--collect", "--slice=machine.slice", `--unit=${scopeOf(machine)}`],
    ...properties.map((property) => `--property=${property}`),
    "--",
  ];
}

const scopeOf = (machine: string): string => `machine-${machine}.scope`;

const folderModes: Readonly<Record<string, string>> = { "/root": "0700", "/tmp": "1777" };

/** The shell writes its pid, joins the groups, and becomes the supervisor: nothing runs that is not recorded. */
const starter = `echo $$ > "$1"; shift
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift
exec "$@"`;

/** Starts the container in a session of its own; resolves as soon as its supervisor runs. */
export async function startContainer(
  state: string,
  names: HostNames,
  host: { name: string; covered: readonly string[] },
): Promise<void> {
  const register = await isSystemdBooted();
  const groups = register ? [] : await makeGroups(names.machine);
  const folder = hostFolder(state, names.key);
  const args = containerArguments({
    machine: names.machine,
    name: host.name,
    root: path.join(folder, "root"),
    keys: path.join(folder, "keys"),
    covered: host.covered,
    register,
  });
  const command = [...(register ? ["systemd-run", ...scopeArguments(names.machine)] : []), "systemd-nspawn", ...args];
  const log = await open(logFile(state, names.key), "a", 0o600);
  try {
    const child = spawn("/bin/sh", ["-ec", starter, "sh", pidFile(state, names.key), ...groups, "--", ...command], {
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      cwd: "/",
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        LC_ALL: "C.UTF-8",
        SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network",
      },
    });
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    if (!(await waitUntil(() => isRunning(state, names), 5000))) {
      throw new Error(`systemd-nspawn did not start: ${await lastLines(state, names.key)}`);
    }
  } finally {
    await log.close();
  }
}

/** Says whether the supervisor of the container runs. */
export async function isRunning(state: string, names: HostNames): Promise<boolean> {
  return (await findSupervisor(pidFile(state, names.key), names.machine)) !== undefined;
}

/** The last lines that the container wrote, for an error. */
export async function lastLines(state: string, key: string, lines = 12): Promise<string> {
  const text = await readFile(logFile(state, key), "utf8").catch(() => "");
  return text.trimEnd().slice(-8000).split("\n").slice(-lines).join("\n");
}

/** Every process of the host: in its groups, in its namespaces, and its supervisor. */
export async function hostProcesses(names: HostNames): Promise<number[]> {
  const all = await Promise.all([
    groupProcesses(names.machine),
    processesIn(names.machine),
    processesIn(names.nat),
    supervisorsOf(names.machine),
  ]);
  return [...new Set(all.flat())];
}

/**
 * Ends the container. Its first process is killed first, so that the supervisor tidies up and leaves; what is
 * left then is killed by its control group and by its namespaces.
 * @returns how many processes there were
 */
export async function stopContainer(names: HostNames): Promise<number> {
  const before = await hostProcesses(names);
  if (before.length === 0) return 0;
  const gone = async (): Promise<boolean> => (await hostProcesses(names)).length === 0;
  const supervisors = await supervisorsOf(names.machine);
  const leaders = (await Promise.all(supervisors.map(childrenOf))).flat();
  leaders.forEach(kill);
  if (leaders.length === 0 || !(await waitUntil(gone, 3000))) {
    await killGroup(names.machine);
    const killed = async (): Promise<boolean> => {
      const left = await hostProcesses(names);
      left.forEach(kill);
      return left.length === 0;
    };
    if (!(await waitUntil(killed, 5000))) throw new Error(`processes of ${names.machine} do not end`);
  }
  return before.length;
}

const runFolder = "/run/systemd/nspawn";

/** Removes what a killed supervisor leaves behind it: its registration, where systemd keeps one, and its folders. */
export async function forget(names: HostNames): Promise<string[]> {
  const found: string[] = [];
  if ((await isSystemdBooted()) && (await attempt("machinectl", ["show", names.machine])).ok) {
    found.push(names.machine);
    await attempt("machinectl", ["terminate", names.machine]);
    await attempt("systemctl", ["reset-failed", scopeOf(names.machine)]);
  }
  for (const folder of ["propagate", "unix-export"]) {
    await rm(path.join(runFolder, folder, names.machine), { recursive: true, force: true });
  }
  for (const folder of ["propagate", "unix-export", "locks", "."])
    await removeEmptyFolder(path.resolve(runFolder, folder));
  return found;
}

/** Removes a folder with nothing in it; one that is missing, in use or a mount point stays as it is. */
export async function removeEmptyFolder(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (!["ENOENT", "ENOTEMPTY", "EBUSY"].includes(String(code))) throw error;
  });
}
