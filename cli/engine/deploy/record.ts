// Who deployed which commit and release, when, and where the hosts were: kept at the coordinator (life.md §1).
import os from "node:os";
import { execa } from "execa";
import type { DeployRecord } from "./contract.ts";
import { type KeptPolicy, recordedPolicy } from "./deployed-policy.ts";
import type { PreparedHost } from "./hosts.ts";
import { readKnownFile, writeKnownFile } from "./known-file.ts";
import { type KeptRecord, type KnownHost, knownHost, knownHosts, knownPolicy, readRecords } from "./known-hosts.ts";
import type { Coordinator } from "./remote.ts";
import type { Run } from "./run.ts";

export interface Recorded {
  readonly reached: readonly PreparedHost[];
  /** Members whose host is not known any more. */
  readonly gone?: readonly string[];
  /** Records that there are. */
  readonly before: readonly KeptRecord[];
  /** The policy that is deployed now; as before when left out. */
  readonly policy?: KeptPolicy;
}

/** Keeps a record of what was just deployed. */
export async function recordDeploy(
  run: Run,
  coordinator: Coordinator & { readonly releaseName: string },
  { reached, gone = [], before, policy = knownPolicy(before) }: Recorded,
): Promise<void> {
  const kept = Object.entries(knownHosts(before)).filter(([name]) => !gone.includes(name));
  const now = reached.map((host): [string, KnownHost] => [
    host.member.name,
    knownHost(host.nid, host.member.host, host.connection),
  ]);
  await writeRecord(run, coordinator, coordinator.releaseName, Object.fromEntries([...kept, ...now]), policy);
}

/** Keeps a record of a release that hosts were taken back to; where they are stays as it was. */
export async function recordRelease(
  run: Run,
  coordinator: Coordinator,
  release: string,
  before: readonly KeptRecord[],
): Promise<void> {
  await writeRecord(run, coordinator, release, knownHosts(before), knownPolicy(before));
}

async function writeRecord(
  run: Run,
  coordinator: Coordinator,
  release: string,
  hosts: Readonly<Record<string, KnownHost>>,
  policy: KeptPolicy | undefined,
): Promise<void> {
  const commit = await projectCommit(run.context.loaded.projectFolder);
  await coordinator.record({
    at: Date.now(),
    by: `${os.userInfo().username}@${os.hostname()}`,
    release,
    ...(commit === undefined ? {} : { commit }),
    hosts,
    ...(policy === undefined ? {} : { policy: recordedPolicy(policy) }),
  });
  const { view } = await run.home.read();
  if (view === undefined) return;
  const { items } = await readKnownFile(run.context.loaded, view.meshId);
  await writeKnownFile(run.context.loaded, view.meshId, { hosts, items });
}

/** The history as a user reads it, newest first. */
export function shownRecords(records: readonly Record<string, unknown>[]): readonly DeployRecord[] {
  return readRecords(records).map(({ at, by, release, commit }) => ({
    at,
    by,
    release,
    ...(commit === undefined ? {} : { commit }),
  }));
}

/** The commit that the project stands at; undefined where it is no git checkout. */
export async function projectCommit(folder: string): Promise<string | undefined> {
  const result = await execa("git", ["-C", folder, "rev-parse", "HEAD"], { reject: false, timeout: 5_000 });
  return result.exitCode === 0 ? result.stdout.trim() : undefined;
}
