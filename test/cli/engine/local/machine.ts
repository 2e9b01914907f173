// A machine whose first process is systemd: a container with the rights of one, its own network and control groups.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { makeGroups, removeGroups } from "../../../../cli/engine/local/cgroup.ts";
import { childrenOf, kill, supervisorsOf, waitUntil } from "../../../../cli/engine/local/process.ts";
import { hostFolder, namesIn } from "../../../../cli/engine/local/record.ts";
import { makeRoot, readMachine, unmountBelow } from "../../../../cli/engine/local/root.ts";

const execute = promisify(execFile);
const checkout = path.resolve(import.meta.dirname, "../../../..");

export interface Outcome {
  readonly code: number;
  readonly text: string;
}

export interface Machine {
  /** A folder of a real file system, the same path inside and outside. */
  readonly folder: string;
  /** Runs a program as a service of the machine's systemd, so that what it leaves running must have left its unit. */
  run(...words: readonly string[]): Promise<Outcome>;
  /** Runs a module with this checkout's `createLocalHosts`; gives what it returns as JSON. */
  evaluate(body: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Joins the groups and becomes the supervisor, which stops the machine when this process dies. */
const joiner = `while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift
exec setpriv --pdeathsig TERM systemd-nspawn "$@"`;

/** Starts the machine, with control groups of version 2, and waits until its systemd has started everything. */
export async function startMachine(): Promise<Machine> {
  await sweep();
  const base = await mkdtemp(`${parent}/systemd-machine-${process.pid}-`);
  const name = nameOf(base);
  const folder = path.join(base, "shared");
  const root = path.join(hostFolder(base, key), "root");
  let supervisor: number | undefined;
  const close = async (): Promise<void> => {
    if (supervisor !== undefined) {
      const pid = supervisor;
      const leaders = await childrenOf(pid);
      for (const leader of leaders.length === 0 ? [pid] : leaders) kill(leader);
      await waitUntil(async () => (await supervisorsOf(name)).length === 0, 10_000);
    }
    await removeTraces(base);
  };
  try {
    await mkdir(folder);
    await makeRoot(base, key, { name: "machine", internet: false }, await readMachine(base));
    supervisor = await boot(name, root, folder);
    const pid = supervisor;
    const ready = async (): Promise<boolean> =>
      (await enter(pid, ["systemctl", "is-system-running", "--wait"])).text.startsWith("running");
    if (!(await waitUntil(ready, 20_000))) throw new Error(`systemd of ${name} does not get ready`);
    const run = (...words: readonly string[]): Promise<Outcome> =>
      enter(pid, ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", ...words]);
    return { folder, run, evaluate: (body) => evaluate(run, folder, body), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const parent = "/var/tmp";
const key = "0000000";
const nameOf = (base: string): string => path.basename(base).toLowerCase();

async function removeTraces(base: string): Promise<void> {
  await unmountBelow(base);
  await removeGroups(nameOf(base));
  await rm(base, { recursive: true, force: true });
}

/** A test that was killed could not take away what its machine stood on. */
async function sweep(): Promise<void> {
  for (const entry of await namesIn(parent)) {
    const pid = /^systemd-machine-(\d+)-/.exec(entry)?.[1];
    const base = path.join(parent, entry);
    if (pid === undefined || existsSync(`/proc/${pid}`) || (await supervisorsOf(nameOf(base))).length > 0) continue;
    await removeTraces(base);
  }
}

async function boot(name: string, root: string, folder: string): Promise<number> {
  const args = [
    ...["--quiet", "--boot", "--console=pipe", "--register=no", "--keep-unit", "--private-network"],
    ...["--capability=all", "--bind=/dev/net/tun", "--resolv-conf=off", "--timezone=off", "--link-journal=no"],
    ...[`--machine=${name}`, `--directory=${root}`, `--bind=${folder}`, `--bind-ro=${checkout}`],
  ];
  const child = spawn("/bin/sh", ["-ec", joiner, "sh", ...(await makeGroups(name)), "--", ...args], {
    stdio: "ignore",
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      SYSTEMD_NSPAWN_API_VFS_WRITABLE: "1",
      SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1",
      SYSTEMD_SECCOMP: "0",
    },
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error("systemd-nspawn did not start");
  return pid;
}

/** Runs a program in the machine's namespaces. */
async function enter(supervisor: number, words: readonly string[]): Promise<Outcome> {
  const [leader] = await childrenOf(supervisor);
  if (leader === undefined) return { code: 1, text: "the machine does not run" };
  const args = ["-t", `${leader}`, "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--", ...words];
  try {
    const { stdout, stderr } = await execute("nsenter", args, { timeout: 60_000 });
    return { code: 0, text: (stdout + stderr).trim() };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: `${stdout}${stderr}`.trim() };
  }
}

async function evaluate(run: Machine["run"], folder: string, body: string): Promise<unknown> {
  const program = `
    import { createLocalHosts } from ${JSON.stringify(path.join(checkout, "cli/engine/local/hosts.ts"))};
    const hosts = createLocalHosts({ state: ${JSON.stringify(path.join(folder, "state"))}, packageDatabases: [] });
    console.log("\\n" + JSON.stringify(await (async () => { ${body} })() ?? null));`;
  const words = [process.execPath, "--conditions=tunnelmesh-source", "--input-type=module", "-e", program];
  const { code, text } = await run(...words);
  if (code !== 0) throw new Error(text);
  return JSON.parse(text.split("\n").at(-1) ?? "null");
}
