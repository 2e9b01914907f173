// tm destroy: takes the mesh off every host, removes local hosts, and ends the mesh at home (life.md §6, §9).
import type { MemberModel } from "../../../constructs/model.ts";
import { dropletsOf } from "../../../constructs/terraform/members.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { destroyCloud } from "../cloud/destroy.ts";
import { type Cloud, usingCloud } from "../cloud/open.ts";
import { uninstall } from "../install/uninstall.ts";
import { missingMembers } from "../state/missing.ts";
import { readStored } from "../state/stored.ts";
import type { DestroyResult, DestroyStack, HostResult } from "./contract.ts";
import { removePolicyFile } from "./deployed-policy.ts";
import { type HandOver, underEarlyLease } from "./early-lease.ts";
import type { KnownHost } from "./known-hosts.ts";
import { askMesh } from "./known-mesh.ts";
import { type HostOutcome, isMissing, type ReachedHost } from "./reach.ts";
import { removeRevoked } from "./remove.ts";
import { reportError, type Settled, settleAll } from "./report.ts";
import { type Run, reachedOf, withRun } from "./run.ts";

/** Ends the mesh; see the contract. Hosts that cannot be reached are listed and never block. */
export const destroyStack: DestroyStack = (context) =>
  withRun(context, async (run) => {
    const lock = await run.home.lock();
    try {
      return await destroy(run, context.lockTimeout);
    } finally {
      await lock.release();
    }
  });

async function destroy(run: Run, lockTimeout: string | undefined): Promise<DestroyResult> {
  run.context.progress.phase("Reaching hosts");
  const outcomes = await run.reach(false);
  const others = await hostsOutsideStack(run, outcomes);
  const hub = reachedOf(outcomes).find(({ member }) => member.role === "coordinator");
  // A deploy of another machine that is at work is not pulled the ground from under.
  return usingCloud(run.context, { unprotected: true }, (cloud) =>
    underEarlyLease(run, hub, (handOver) => destroyUnder(run, { outcomes, others, cloud, handOver, lockTimeout })),
  );
}

interface Destruction {
  readonly outcomes: readonly HostOutcome[];
  readonly others: Readonly<Record<string, KnownHost | undefined>>;
  readonly cloud: Cloud | undefined;
  readonly handOver: HandOver;
  readonly lockTimeout: string | undefined;
}

/** All of it, with the lease held: nodes first, and with the coordinator the lease ends. */
async function destroyUnder(
  run: Run,
  { outcomes, others, cloud, handOver, lockTimeout }: Destruction,
): Promise<DestroyResult> {
  const uninstalled = await uninstallServers(run, outcomes, "node");
  const added = await removeRevoked(run, Object.keys(others), others);
  handOver();
  const last = await uninstallServers(run, outcomes, "coordinator");
  const local = await (await run.reachOptions.local()).remove(run.model.name, undefined, {
    onProgress: (host, text) => run.context.progress.row(host).update(text),
  });
  const orphans = cloud === undefined ? [] : await findOrphans(run, cloud, Object.keys(others));
  const archive = await run.home.archive();
  await removePolicyFile(run.context.loaded);
  const kept = cloud === undefined ? [] : await destroyCloud(run.context, cloud, { lockTimeout });
  const hosts = [
    ...resultsOf(outcomes, [...uninstalled, ...last]),
    ...local.map((name): HostResult => ({ name, state: "removed" })),
    ...added,
  ].filter(({ name }) => !orphans.some((one) => one.name === name));
  hosts.push(...orphans);
  return {
    mesh: run.model.name,
    stage: run.model.stage,
    hosts: hosts.toSorted((left, right) => left.name.localeCompare(right.name, "en")),
    failed: hosts.filter(({ state }) => state === "failed").length,
    ...(archive === undefined ? {} : { archive }),
    ...(kept.length === 0 ? {} : { keptVolumes: kept }),
  };
}

/** Takes the mesh off reached servers and droplets of this role; local hosts go as a whole. Gives their addresses. */
function uninstallServers(run: Run, outcomes: readonly HostOutcome[], role: MemberModel["role"]) {
  const { progress, signal } = run.context;
  const servers = reachedOf(outcomes).filter(({ member }) => member.host.kind !== "local" && member.role === role);
  if (servers.length > 0) progress.phase(role === "coordinator" ? "Uninstalling the coordinator" : "Uninstalling");
  return settleAll(servers, run.parallel, signal, async ({ connection, member }) => {
    const row = progress.row(member.name);
    row.update("uninstalling");
    await uninstall(connection, run.model.name, { signal });
    row.done("uninstalled");
    return connection.address;
  });
}

function resultsOf(
  outcomes: readonly HostOutcome[],
  uninstalled: readonly Settled<ReachedHost, string>[],
): readonly HostResult[] {
  const isDroplet = (member: MemberModel) => member.host.kind === "droplet";
  return [
    ...uninstalled.map((one): HostResult => {
      const { name } = one.of.member;
      // Whatever was left on it went with it.
      if (!one.ok && isDroplet(one.of.member)) return { name, state: "removed" };
      if (one.ok) return { name, address: one.value, state: "removed" };
      return { name, state: "failed", error: reportError(one.error) };
    }),
    ...outcomes.flatMap((outcome): readonly HostResult[] => {
      if (outcome.kind === "reached" || outcome.member.host.kind === "local") return [];
      const { name } = outcome.member;
      if (isDroplet(outcome.member)) return isMissing(outcome.error) ? [] : [{ name, state: "removed" }];
      return [{ name, state: "failed", error: reportError(outcome.error) }];
    }),
  ];
}

/** Members whose droplets the state does not hold: Terraform removes none of them, and nobody is to believe so. */
async function findOrphans(run: Run, cloud: Cloud, others: readonly string[]): Promise<readonly HostResult[]> {
  const { view } = await run.home.read();
  const missing = missingMembers(await readStored(cloud.run), { model: run.model, view });
  const orphans = missing.filter((name) => !others.includes(name));
  return orphans.map((name) => ({
    name,
    state: "failed",
    error: reportError(
      new TunnelMeshError("TM_STATE_MISSING", {
        detail: `${name}: its droplet is not in the state, so nothing removed it`,
        advice: ["Look for it in the control panel: where it is there, remove it by hand."],
      }),
    ),
  }));
}

/**
 * Members that came otherwise, and those that the stack has put on a droplet since and that no deploy has moved there, by name: where
 * they are is undefined for those that joined by themselves.
 */
async function hostsOutsideStack(
  run: Run,
  outcomes: readonly HostOutcome[],
): Promise<Readonly<Record<string, KnownHost | undefined>>> {
  const { view } = await run.home.read();
  if (view === undefined) return {};
  // Records also name hosts that were renamed or removed since: those are nobody's any more.
  const known = await askMesh(run, outcomes);
  const stack = new Set(run.model.members.flatMap(({ name, formerly }) => [name, formerly]));
  const droplets = new Set(dropletsOf(run.model).map(({ name }) => name));
  const leftBehind = (name: string) =>
    droplets.has(name) && known.hosts[name] !== undefined && known.hosts[name].droplet !== true;
  const others = [...known.view.members.values()].filter(
    ({ name, origin, via }) => leftBehind(name) || (!stack.has(name) && origin !== "stack" && via === undefined),
  );
  const where = others.map(({ name }) => [name, known.hosts[name]] as const);
  return Object.fromEntries(where.filter(([, host]) => host?.kind !== "local"));
}
