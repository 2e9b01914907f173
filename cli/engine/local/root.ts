// Makes and unmounts the root of a host: an overlay over this machine's root with an upper layer of its own.
import { randomBytes } from "node:crypto";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type MachineFacts, planUpper, type UpperPlan } from "./disguise.ts";
import { hostFolder, isMissing, namesIn } from "./record.ts";
import { attempt, run } from "./run.ts";
import { meshUnits, unitsToMask } from "./unit.ts";

/** Reads what a host must be told apart from. */
export async function readMachine(state: string): Promise<MachineFacts> {
  const resolver = await readFile("/etc/resolv.conf", "utf8").catch(() => "");
  const servers = [...resolver.matchAll(/^nameserver\s+(\S+)/gm)].flatMap((match) => match[1] ?? []);
  return {
    state,
    units: await unitsToMask(),
    meshUnits: await meshUnits(),
    sshFiles: await namesIn("/etc/ssh"),
    sshdSnippets: await namesIn("/etc/ssh/sshd_config.d"),
    sysctlSnippets: await namesIn("/etc/sysctl.d"),
    shadow: await readFile("/etc/shadow", "utf8"),
    nameservers: servers.filter((server) => !server.startsWith("127.") && server !== "::1"),
  };
}

/**
 * Writes the upper layer, makes the host keys and mounts the root.
 * @returns the public host key, "ssh-ed25519 AAAA…"
 */
export async function makeRoot(
  state: string,
  key: string,
  host: { name: string; internet: boolean },
  facts: MachineFacts,
): Promise<string> {
  const folder = hostFolder(state, key);
  const upper = path.join(folder, "upper");
  for (const name of ["upper", "work", "root"]) await mkdir(path.join(folder, name), { mode: 0o755, recursive: true });
  await writeUpper(upper, planUpper({ ...host, machineId: randomBytes(16).toString("hex") }, facts));
  await makeKeys(folder, path.join(upper, "etc/ssh"), host.name);
  await run("mount", [
    ...["-t", "overlay", "-o", `lowerdir=/,upperdir=${upper},workdir=${path.join(folder, "work")}`],
    ...["tunnelmesh-local", path.join(folder, "root")],
  ]);
  const text = await readFile(path.join(upper, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8");
  return text.trim().split(" ").slice(0, 2).join(" ");
}

/** In a folder of this run's own: an ssh-keygen that outlived a killed run would still write where that run told it to. */
async function makeKeys(folder: string, to: string, name: string): Promise<void> {
  const own = await mkdtemp(path.join(folder, "keys-"));
  const makeKey = async (type: string): Promise<void> => {
    const file = `ssh_host_${type}_key`;
    await run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", `root@${name}`, "-f", path.join(own, file)]);
    for (const half of [file, `${file}.pub`]) await rename(path.join(own, half), path.join(to, half));
  };
  await Promise.all(["ed25519", "rsa"].map(makeKey));
  await rmdir(own);
}

async function writeUpper(upper: string, plan: UpperPlan): Promise<void> {
  const hidden: string[] = [];
  for (const name of plan.hidden) {
    const file = await place(upper, name);
    if (file !== undefined && (await exists(name))) hidden.push(file);
  }
  await run("sh", ["-ec", 'for file; do mknod "$file" c 0 0; done', "sh", ...hidden]);
  for (const unit of plan.masked) await writeLink(upper, `/etc/systemd/system/${unit}`, "/dev/null");
  for (const link of plan.links) await writeLink(upper, link.path, link.target);
  for (const { path: name, mode, text } of plan.files) {
    const file = await place(upper, name);
    if (file === undefined) throw new Error(`${path.dirname(name)} is missing on this machine`);
    await writeFile(file, text, { mode });
    await chmod(file, mode);
  }
}

async function writeLink(upper: string, name: string, target: string): Promise<void> {
  const file = await place(upper, name);
  if (file !== undefined) await symlink(target, file);
}

/** Where a path of the machine lies in the upper layer; its parents are made there with owner and mode of the machine's. */
async function place(upper: string, name: string): Promise<string | undefined> {
  let parent: string;
  try {
    parent = await realpath(path.dirname(name));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  await mirror(upper, parent);
  return path.join(upper, parent, path.basename(name));
}

async function mirror(upper: string, folder: string): Promise<void> {
  const copy = path.join(upper, folder);
  if (folder === "/" || (await exists(copy))) return;
  await mirror(upper, path.dirname(folder));
  const { mode, uid, gid } = await lstat(folder);
  await mkdir(copy);
  await chown(copy, uid, gid);
  await chmod(copy, mode & 0o7777);
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** Mount points at or below a folder, deepest first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const points = lines.map((line) => (line.split(" ")[4] ?? "").replaceAll("\\040", " "));
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`)).toReversed();
}

/** Removes the lock that a killed systemd-nspawn keeps for a mounted root; it is named by device and inode. */
export async function removeRootLock(root: string): Promise<void> {
  if (!(await mountsBelow(root)).includes(root)) return;
  const { dev, ino } = await stat(root);
  await rm(`/run/systemd/nspawn/locks/inode-${dev}:${ino}`, { force: true });
}

/** Unmounts everything below a folder; a mount that stays busy for a second is detached. */
export async function unmountBelow(folder: string): Promise<string[]> {
  const points = await mountsBelow(folder);
  for (const point of points) {
    for (let tries = 0; tries < 20 && !(await attempt("umount", [point])).ok; tries++) await sleep(50);
    if ((await mountsBelow(point)).includes(point)) await run("umount", ["--lazy", point]);
  }
  return points;
}
