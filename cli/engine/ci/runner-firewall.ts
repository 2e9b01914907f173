// The firewall that lets one CI run in over SSH: opened, always taken back, and those of runs that were killed swept (life.md §7).
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { CloudFirewall, FirewallApi } from "./firewall-api.ts";

/** How every firewall of a run begins: nothing else is ever swept. */
const prefix = "tm-deploy-";
/** What is older was left by a run that was killed: the workflow ends a deploy after an hour. Milliseconds. */
export const oldestFirewall = 60 * 60_000;
/** How long the service may take to put a firewall into force. Milliseconds. */
const patience = 60_000;
const pause = 1_000;

/** Which run of CI this is; `id` stays when a failed run is repeated. */
export interface CiRun {
  readonly id: string;
  readonly attempt: string;
}

/** As GitHub or GitLab say it; anywhere else a run of its own. */
export function ciRun(environment: Readonly<Record<string, string | undefined>>): CiRun {
  const { GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT, CI_PIPELINE_ID, CI_JOB_ID } = environment;
  if (GITHUB_RUN_ID) return { id: plain(GITHUB_RUN_ID), attempt: plain(GITHUB_RUN_ATTEMPT ?? "1") };
  if (CI_PIPELINE_ID) return { id: plain(CI_PIPELINE_ID), attempt: plain(CI_JOB_ID ?? "1") };
  return { id: randomBytes(6).toString("hex"), attempt: "1" };
}

/** The tag on every droplet of a mesh. */
export function meshTag(mesh: string): string {
  return `tm:${mesh}`;
}

export interface RunnerFirewallOptions {
  readonly api: FirewallApi;
  /** STACK-STAGE. */
  readonly mesh: string;
  readonly run: CiRun;
  readonly addresses: readonly string[];
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Opens TCP 22 of the mesh's droplets to `addresses` and waits until it is in force.
 * @throws TunnelMeshError TM_CI_FIREWALL, TM_TERRAFORM_TOKEN; then nothing is left open
 */
export async function openRunnerFirewall(options: RunnerFirewallOptions): Promise<CloudFirewall> {
  const { api, mesh, run, addresses, log, signal } = options;
  const name = firewallName(mesh, run);
  const firewall = await api.openSsh({ name, tag: meshTag(mesh), addresses }).catch(async (error: unknown) => {
    // Whoever got no answer does not know whether it was made.
    await sweepRunnerFirewalls(options, Date.now()).catch((left: Error) => log(`not swept: ${left.message}`));
    throw error;
  });
  log(`opened ${name}: TCP 22 from ${addresses.join(", ")}`);
  try {
    const end = performance.now() + patience;
    for (let { status } = firewall; status === "waiting"; { status } = await api.get(firewall.id)) {
      signal.throwIfAborted();
      // SSH tries again by itself: what takes even longer is not worth ending a deploy for.
      if (performance.now() > end) break;
      await delay(pause, undefined, { signal });
    }
    return firewall;
  } catch (error) {
    await closeRunnerFirewall(api, firewall, log);
    throw signal.aborted ? signal.reason : error;
  }
}

/** Takes it back, also after an interrupt. @throws TunnelMeshError TM_CI_FIREWALL_LEFT with its name */
export async function closeRunnerFirewall(
  api: FirewallApi,
  { id, name }: Pick<CloudFirewall, "id" | "name">,
  log: (line: string) => void,
): Promise<void> {
  try {
    await api.remove(id);
    log(`closed ${name}`);
  } catch (error) {
    throw new TunnelMeshError("TM_CI_FIREWALL_LEFT", { detail: `${name}: ${(error as Error).message}`, cause: error });
  }
}

/** Removes what this run, or one that was killed, left of this mesh's; gives their names. @throws TunnelMeshError TM_CI_FIREWALL */
export async function sweepRunnerFirewalls(
  { api, mesh, run, log }: Pick<RunnerFirewallOptions, "api" | "mesh" | "run" | "log">,
  now: number,
): Promise<readonly string[]> {
  const left = (await api.list()).filter((firewall) => isLeft(firewall, mesh, run, now));
  for (const { id, name } of left) {
    await api.remove(id);
    log(`removed ${name}, left by an earlier run`);
  }
  return left.map(({ name }) => name);
}

/** Ours by its name and by the one tag that it has; left behind when it is of this run or too old to be in use. */
export function isLeft({ name, tags, created_at }: CloudFirewall, mesh: string, run: CiRun, now: number): boolean {
  if (!name.startsWith(prefix) || !name.endsWith(`-${meshHash(mesh)}`)) return false;
  if (tags?.length !== 1 || tags[0] !== meshTag(mesh)) return false;
  const age = now - Date.parse(created_at);
  return name.startsWith(`${prefix}${run.id}-`) || age > oldestFirewall;
}

/** "tm-deploy-RUN-ATTEMPT-HASH": two meshes of one run have one each. */
export function firewallName(mesh: string, { id, attempt }: CiRun): string {
  return `${prefix}${id}-${attempt}-${meshHash(mesh)}`;
}

function meshHash(mesh: string): string {
  return createHash("sha256").update(mesh).digest("hex").slice(0, 8);
}

/** What the service takes in a name. */
function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, "").slice(0, 40) || "0";
}
