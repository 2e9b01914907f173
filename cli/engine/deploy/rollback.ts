// tm rollback: hosts go back to the release before the present one, nodes first while the coordinator is well, else last.
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { coordinatorRequest } from "../install/control.ts";
import { type HostFacts, readFacts } from "../install/facts.ts";
import { finishRollback, switchBack } from "../install/rollback.ts";
import type { HostResult, RollbackResult, RollbackStack } from "./contract.ts";
import { connectCoordinator } from "./coordinator.ts";
import { readRecords } from "./known-hosts.ts";
import { allMembers, deployedMesh, pickMembers } from "./members.ts";
import type { ReachedHost, UnreachedHost } from "./reach.ts";
import { recordRelease } from "./record.ts";
import { checkRelease, type Patient, reachedPeers } from "./release-health.ts";
import { failingIn, reportError, type Settled, settleAll } from "./report.ts";
import { isFailed } from "./results.ts";
import { type Run, reachedOf, withRun } from "./run.ts";
import { versionOf } from "./upgrade.ts";
import { settleInOrder } from "./upgrade-steps.ts";

interface OldHost extends ReachedHost {
  readonly facts: HostFacts;
}

/** Goes back one release; see the contract. */
export const rollbackStack: RollbackStack = ({ names, ...context }) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const lock = await run.home.lock();
    try {
      return await rollback(run, names);
    } finally {
      await lock.release();
    }
  });

async function rollback(run: Run, names: readonly string[] | undefined): Promise<RollbackResult> {
  const { progress, signal } = run.context;
  progress.phase("Reaching hosts");
  const all = await allMembers(run);
  const outcomes = await run.reach(false, names === undefined ? all.members : pickMembers(all, names));
  const read = await settleAll(reachedOf(outcomes), run.parallel, signal, async (host): Promise<OldHost> => {
    return { ...host, facts: await readFacts(host.connection, run.model.name, signal) };
  });
  const hosts = read.flatMap((one) => (one.ok ? [one.value] : []));
  const unread = read.flatMap((one): UnreachedHost[] =>
    one.ok ? [] : [{ kind: "unreached", member: one.of.member, error: one.error }],
  );
  const latest = names === undefined ? latestVersion(hosts) : undefined;
  const going = hosts.filter(
    ({ facts }) =>
      facts.previousRelease !== undefined && (latest === undefined || versionOf(facts.currentRelease ?? "") === latest),
  );
  const staying = hosts.filter((host) => !going.includes(host));
  // Whoever names hosts means all of them; a host that came after the last upgrade is no reason to leave the others.
  if (going.length === 0 || (names !== undefined && staying.length > 0)) {
    const detail = staying
      .map(({ member, facts }) => `${member.name}, on ${facts.currentRelease ?? "none"}`)
      .join("; ");
    throw new TunnelMeshError("TM_ROLLBACK_NO_PREVIOUS", detail === "" ? {} : { detail });
  }
  progress.phase("Going back");
  const settled = await underLease(run, hosts, () => goBack(run, going, hosts));
  const unreached = [
    ...(names === undefined ? all.apart : []),
    ...outcomes.filter((outcome) => outcome.kind === "unreached"),
    ...unread,
  ];
  const results = [
    ...settled.map((one) => resultOf(one)),
    ...staying.map(
      ({ member, connection }): HostResult => ({ name: member.name, address: connection.address, state: "unchanged" }),
    ),
    ...unreached.map(
      ({ member, error }): HostResult => ({ name: member.name, state: "failed", error: reportError(error) }),
    ),
  ];
  return {
    mesh: run.model.name,
    stage: run.model.stage,
    hosts: results.toSorted((left, right) => left.name.localeCompare(right.name, "en")),
    failed: results.filter(isFailed).length,
  };
}

/** What the last upgrade brought: the coordinator's host had it first. Hosts that it did not get to have nothing to undo. */
function latestVersion(hosts: readonly OldHost[]): string | undefined {
  const hub = hosts.find(({ member }) => member.role === "coordinator");
  return hub?.facts.currentRelease === undefined ? undefined : versionOf(hub.facts.currentRelease);
}

/**
 * An upgrade has a new coordinator with old agents for a while, and never the other way round: the way back keeps to that, unless
 * the coordinator is what is not well, as no node could be well before it.
 */
async function goBack(run: Run, going: readonly OldHost[], all: readonly OldHost[]) {
  const isHub = ({ member }: OldHost) => member.role === "coordinator";
  const hub = going.filter(isHub).map(({ member }) => member.name);
  const nodes = going.filter((host) => !isHub(host)).map(({ member }) => member.name);
  const well = await coordinatorAnswers(run, all.find(isHub));
  const nodesStep = { step: "rest", hosts: nodes } as const;
  const hubStep = { step: "coordinator", hosts: hub } as const;
  const order = well ? [nodesStep, hubStep] : [hubStep, nodesStep];
  return settleInOrder(going, order, run.parallel, run.context.signal, (host) => {
    const row = run.context.progress.row(host.member.name);
    return failingIn(row, async () => {
      const release = await goBackOn(run, host);
      row.done(`on ${release}`);
      return release;
    });
  });
}

async function goBackOn(run: Run, { member, connection, facts }: OldHost): Promise<string> {
  const { signal, progress } = run.context;
  const mesh = run.model.name;
  const release = facts.previousRelease ?? "";
  const patient: Patient = {
    name: member.name,
    connection,
    agent: facts.agentInstalled,
    coordinator: member.role === "coordinator",
  };
  const peers = await reachedPeers(patient, mesh, signal);
  progress.row(member.name).update(`going back to ${release}`);
  await switchBack(connection, mesh, signal);
  try {
    await checkRelease(patient, mesh, versionOf(release), peers, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isTunnelMeshError(error)) throw error;
    throw new TunnelMeshError("TM_UPGRADE_ROLLBACK_FAILED", { detail: error.message, cause: error });
  }
  await finishRollback(connection, mesh, facts, signal);
  return release;
}

async function coordinatorAnswers(run: Run, hub: OldHost | undefined): Promise<boolean> {
  // Not among the hosts that were named: then it stays as it is.
  if (hub === undefined) return true;
  try {
    await coordinatorRequest(hub.connection, run.model.name, { method: "status" }, run.context.signal);
    return true;
  } catch (error) {
    run.context.signal.throwIfAborted();
    if (!isTunnelMeshError(error)) throw error;
    return false;
  }
}

/** Under the coordinator's lease, and recorded there, where it can be asked: a rollback must be possible where it cannot. */
async function underLease(
  run: Run,
  hosts: readonly OldHost[],
  work: () => Promise<readonly Settled<OldHost, string>[]>,
): Promise<readonly Settled<OldHost, string>[]> {
  const hub = hosts.find(({ member }) => member.role === "coordinator");
  if (!(await coordinatorAnswers(run, hub)) || hub === undefined) {
    run.context.progress.log("the coordinator is not asked: going back without its lease");
    return work();
  }
  const coordinator = connectCoordinator(hub.connection, run.model.name, run.context.signal);
  const lease = await coordinator.lease();
  try {
    const settled = await work();
    const release = settled.find((one) => one.ok)?.value;
    if (release !== undefined) await recordRelease(run, coordinator, release, readRecords(await coordinator.history()));
    return settled;
  } finally {
    await lease.release();
  }
}

function resultOf(one: Settled<OldHost, string>): HostResult & { readonly release?: string } {
  const { member, connection } = one.of;
  const where = { name: member.name, address: connection.address };
  if (one.ok) return { ...where, state: "updated", release: one.value };
  const state = one.error.code === "TM_UPGRADE_STOPPED" ? "waiting" : "failed";
  return { ...where, state, error: reportError(one.error) };
}
