// A folder for one run of Terraform, so that two commands at once never meet in one; a killed run's folder goes with the next run.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { holdFile, isRunning, lockHolder } from "../trust/lock.ts";

/** What Terraform writes beside its configuration when it cannot write the state to its place. */
const unwrittenState = "stack/errored.tfstate";

/**
 * Makes a folder in `home` that belongs to this process, after taking away those whose processes have ended.
 * @returns its absolute path, "HOME/run-PID-RANDOM"
 */
export async function openRunFolder(home: string, log: (line: string) => void): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  await sweepRunFolders(home, log);
  const folder = path.join(home, `run-${process.pid}-${randomBytes(6).toString("hex")}`);
  await mkdir(folder, { mode: 0o700 });
  await holdRunFolder(folder, process.pid);
  return folder;
}

/** Keeps the folder for another process too: a Terraform whose tm was killed ends its step in it. */
export async function holdRunFolder(folder: string, pid: number): Promise<void> {
  await holdFile(path.join(folder, `holder-${pid}.json`), pid);
}

/**
 * Removes the folder with the saved plan in it, which holds secrets.
 * @returns where a state went that Terraform could not write to its place; undefined where there is none
 */
export async function closeRunFolder(folder: string): Promise<string | undefined> {
  const kept = path.join(path.dirname(folder), `errored-${path.basename(folder)}.tfstate`);
  const saved = await rename(path.join(folder, unwrittenState), kept).then(
    () => kept,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    },
  );
  await rm(folder, { recursive: true, force: true });
  return saved;
}

async function sweepRunFolders(home: string, log: (line: string) => void): Promise<void> {
  for (const name of await readdir(home)) {
    const pid = /^run-(\d+)-[0-9a-f]{12}$/.exec(name)?.[1];
    if (pid === undefined || (await isHeld(path.join(home, name), Number(pid)))) continue;
    log(`taking away what a run that was killed left: ${name}`);
    const saved = await closeRunFolder(path.join(home, name));
    if (saved !== undefined) log(`its Terraform could not write the state, and left it in ${saved}`);
  }
}

/** Says whether its tm or a Terraform of it runs still. One that is just being made has no file of a holder yet. */
async function isHeld(folder: string, maker: number): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Its own run has just taken it away.
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const holders = names.filter((name) => name.startsWith("holder-"));
  if (holders.length === 0) return isRunning(maker);
  const held = await Promise.all(holders.map((name) => lockHolder(path.join(folder, name))));
  return held.some((holder) => holder !== undefined);
}
