// Control groups of a host: one in every mounted hierarchy, where this machine's first process is not systemd.
import { mkdir, readdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { isMissing } from "./record.ts";

/** Says whether systemd runs this machine; it then gives every container a scope of its own (sd_booted(3)). */
export async function isSystemdBooted(): Promise<boolean> {
  return stat("/run/systemd/system").then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Mount points of all control group hierarchies, version 1 and 2. */
export async function hierarchies(): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    return /^cgroup2? /.test(after) ? [before.split(" ")[4] ?? ""] : [];
  });
}

/** Makes the host's group in every hierarchy and gives their folders; a cpuset group starts with its parent's sets. */
export async function makeGroups(name: string): Promise<string[]> {
  const made: string[] = [];
  for (const root of await hierarchies()) {
    const folder = path.join(root, name);
    await mkdir(folder, { recursive: true });
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const sets = await readIfThere(path.join(root, file));
      if (sets !== undefined) await writeFile(path.join(folder, file), sets);
    }
    made.push(folder);
  }
  return made;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return isMissing(error) || (error instanceof Error && "code" in error && error.code === "ENODEV");
}

/** The host's groups that exist, deepest folders last. */
async function groupFolders(name: string): Promise<string[]> {
  const found: string[] = [];
  for (const root of await hierarchies()) await walk(path.join(root, name), found);
  return found;
}

async function walk(folder: string, found: string[]): Promise<void> {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isGone(error)) return;
    throw error;
  }
  found.push(folder);
  for (const entry of entries) if (entry.isDirectory()) await walk(path.join(folder, entry.name), found);
}

/** Every process in the host's groups. */
export async function groupProcesses(name: string): Promise<number[]> {
  const pids = new Set<number>();
  for (const folder of await groupFolders(name)) {
    const text = await readIfThere(path.join(folder, "cgroup.procs"));
    for (const pid of (text ?? "").split("\n").filter(Boolean)) pids.add(Number(pid));
  }
  pids.delete(0);
  return [...pids];
}

/** Kills everything in the host's version 2 group at once where the kernel can (5.14); version 1 has no such file. */
export async function killGroup(name: string): Promise<void> {
  for (const root of await hierarchies()) {
    const file = path.join(root, name, "cgroup.kill");
    if ((await readIfThere(path.join(root, name, "cgroup.events"))) !== undefined)
      await writeFile(file, "1").catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  if (!isGone(error)) throw error;
}

/** Removes the host's groups; gives the folders that were there. */
export async function removeGroups(name: string): Promise<string[]> {
  const folders = await groupFolders(name);
  for (const folder of folders.toReversed()) await rmdir(folder).catch(ignoreMissing);
  return folders;
}

/** Names at the top of all hierarchies, to find groups that no record knows. */
export async function topGroups(): Promise<string[]> {
  const names = new Set<string>();
  for (const root of await hierarchies()) {
    for (const entry of await readdir(root, { withFileTypes: true })) if (entry.isDirectory()) names.add(entry.name);
  }
  return [...names];
}
