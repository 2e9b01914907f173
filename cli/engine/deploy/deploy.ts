// tm deploy: hosts, coordinator, membership, agents, proof; every step may be killed and is finished by the next run.
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { settleDroplets } from "../cloud/places.ts";
import { markSandboxMesh } from "../cloud/sandbox-mesh.ts";
import { refuseOther } from "../review/plan-file.ts";
import { refuseBeyondToken } from "./ci-check.ts";
import { authorizeOn } from "./ci-hosts.ts";
import { failedAfterApply, type Hosts, makeHosts, type PlannedCloud, planResources } from "./cloud-hosts.ts";
import type { DeployParameters, DeployResult, DeployStack, UpgradeStep } from "./contract.ts";
import { ensureCoordinator, type RunningCoordinator } from "./coordinator.ts";
import { keepPolicy, writePolicyFile } from "./deployed-policy.ts";
import { refuseDowngrade } from "./downgrade.ts";
import { type HandOver, underEarlyLease } from "./early-lease.ts";
import { openMesh } from "./genesis.ts";
import { hostedMeshes, type PreparedHost, prepareHosts } from "./hosts.ts";
import { type InstalledHost, installMember } from "./install.ts";
import type { Journal } from "./journal.ts";
import { knownHosts, knownPolicy, readRecords, trustedHosts } from "./known-hosts.ts";
import { type MembershipChange, namesOf, planMembership } from "./membership.ts";
import { signMembership } from "./membership-signing.ts";
import { fillOutputs } from "./outputs.ts";
import { planOf } from "./plan.ts";
import { isMissing } from "./reach.ts";
import { recordDeploy } from "./record.ts";
import { removeRevoked } from "./remove.ts";
import { failingIn, settleAll } from "./report.ts";
import { collectResults, hostsAlone, isFailed, stoppedAtCoordinator } from "./results.ts";
import { coordinatorHost, type Run, withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";
import { reachTokenDroplets } from "./token-droplets.ts";
import { planUpgrade } from "./upgrade-order.ts";
import { settleInOrder } from "./upgrade-steps.ts";
import { pingOthers, waitUntilUp } from "./verify.ts";

/** Makes hosts and mesh what the stack says; see the contract. */
export const deployStack: DeployStack = (parameters) =>
  withRun(parameters, async (run) => {
    const lock = await run.home.lock();
    try {
      return await deploy(run, parameters);
    } finally {
      await lock.release();
    }
  });

async function deploy(run: Run, parameters: DeployParameters): Promise<DeployResult> {
  const { genesis } = await run.home.read();
  // Whoever cannot sign the beginning of the mesh makes no hosts for it.
  if (genesis === undefined) await run.signer();
  await run.ci();
  const planned = parameters.part === "mesh" ? undefined : await planResources(run, parameters);
  if (planned === undefined && parameters.part === "cloud") {
    throw new TunnelMeshError("TM_USAGE", { detail: `${run.model.name} has nothing in a cloud that could be made` });
  }
  try {
    return await deployPlanned(run, parameters, planned);
  } finally {
    await planned?.cloud.close();
  }
}

async function deployPlanned(
  run: Run,
  parameters: DeployParameters,
  cloud: PlannedCloud | undefined,
): Promise<DeployResult> {
  const { progress } = run.context;
  progress.phase("Reaching hosts");
  const outcomes = await reachTokenDroplets(run, cloud, await run.reach(true));
  const toCome = outcomes.filter((outcome) => outcome.kind === "unreached" && isMissing(outcome.error));
  const hubToCome = toCome.some(({ member }) => member.role === "coordinator");
  if (!hubToCome) coordinatorHost(outcomes);
  const first = await prepareHosts(run, outcomes);
  if (!hubToCome) hubOf(first);
  if (!parameters.downgrade) {
    const change = ({ member, facts, release }: PreparedHost) =>
      ({ host: member.name, installed: facts.installed?.release, version: release.version }) as const;
    refuseDowngrade(first.prepared.map(change));
  }
  await refuseBeyondToken(
    run,
    first.prepared,
    toCome.flatMap(({ member }) => (member.host.kind === "droplet" ? [member] : [])),
  );
  if (parameters.confirm !== undefined || parameters.expectDigest !== undefined) {
    const plan = await planOf(run, first, { ...parameters, planned: cloud?.planned });
    if (parameters.expectDigest !== undefined) refuseOther(plan.review, parameters.expectDigest);
    if (plan.changes > 0 && (await parameters.confirm?.(plan)) === false) throw new TunnelMeshError("TM_INTERRUPTED");
  }
  // Nobody makes a host for a mesh that they cannot sign it into.
  if (toCome.length > 0 && (await run.ci()) === undefined) await run.signer();
  const journal = await openMesh(run, hostedMeshes(run, first.prepared));
  await markSandboxMesh(run.context, journal.view.meshId);
  if (cloud === undefined) return deployHosts(run, parameters, journal, first);
  const hub = first.prepared.find(({ member, facts }) => member.role === "coordinator" && facts.coordinatorInstalled);
  return underEarlyLease(run, hub, async (handOver) => {
    const hosts = await makeHosts(run, cloud, first, parameters);
    try {
      if (parameters.part === "cloud") return hostsAlone(run, journal.view.meshId, hosts.prepared, hosts.unready);
      return await deployHosts(run, parameters, journal, hosts, handOver);
    } catch (error) {
      const made = cloud.planned.changes.length > 0;
      throw made && isTunnelMeshError(error) && !run.context.signal.aborted ? failedAfterApply(error) : error;
    }
  });
}

/** Everything from the coordinator on: the hosts stand. */
async function deployHosts(
  run: Run,
  parameters: DeployParameters,
  journal: Journal,
  { prepared, unready }: Hosts,
  handOver?: HandOver,
): Promise<DeployResult> {
  const { progress } = run.context;
  const hub = hubOf({ prepared, unready });
  const order = planUpgrade(prepared, parameters.canary);
  progress.phase("Coordinator");
  let coordinator: RunningCoordinator;
  try {
    coordinator = await ensureCoordinator(run, journal, hub, prepared);
  } catch (error) {
    if (!isTunnelMeshError(error) || !error.code.startsWith("TM_UPGRADE_")) throw error;
    return stoppedAtCoordinator(run, journal.view.meshId, error, prepared, unready);
  }
  const lease = await coordinator.lease(handOver?.());
  try {
    const current = prepared.map((host) => (host === hub ? coordinator.hub : host));
    return await deployMembers(run, journal, coordinator, { prepared: current, unready, order });
  } finally {
    await lease.release();
  }
}

async function deployMembers(
  run: Run,
  journal: Journal,
  coordinator: RunningCoordinator,
  { prepared, unready, order }: Hosts & { readonly order: readonly UpgradeStep[] },
): Promise<DeployResult> {
  const { progress, signal } = run.context;
  const records = readRecords(await coordinator.history());
  const stackNames = namesOf(run.model.members, prepared);
  const changes = planMembership([...journal.view.members.values()], stackNames, prepared, {
    ci: (await run.ci()) !== undefined,
  });
  await signMembership(run, journal, coordinator, changes);
  if (run.context.loaded.terraform !== undefined) await settleDroplets(run.context, journal.view);

  progress.phase("Installing agents");
  const installed = await settleInOrder(prepared, order, run.parallel, signal, (host) => {
    const row = progress.row(host.member.name);
    return failingIn(row, async () => {
      const one = await installMember(run, journal, host, coordinator);
      const status = await waitUntilUp(one, run.model.name, signal);
      row.done(one.state === "unchanged" ? "unchanged" : `${one.state}, ${status.ip4 ?? status.ip6}`);
      return { ...one, status };
    });
  });
  const standing = installed.flatMap((one) => (one.ok ? [one.value] : []));
  const changed = changes.some(({ kind }) => kind !== "keep") || standing.some(({ state }) => state !== "unchanged");
  const proofs = changed ? await proveMesh(run, standing) : [];
  await authorizeOn(run, journal.view, standing);

  const revoked = changes.flatMap((change) => (change.kind === "revoke" ? [change.before] : []));
  const removed = await removeRevoked(run, goneOf(changes), trustedHosts(knownHosts(records), revoked));
  const results = collectResults(prepared, unready, installed, proofs);
  const recorded = knownPolicy(records);
  const policy = keepPolicy(run.model.policy.allow, Date.now(), recorded);
  const isOther = policy.sha256 !== recorded?.sha256;
  if (changed || isOther || removed.length > 0 || records[0]?.release !== coordinator.releaseName) {
    await recordDeploy(run, coordinator, { reached: prepared, gone: goneOf(changes), before: records, policy });
  }
  await writePolicyFile(run.context.loaded, journal.view.meshId, policy);
  return {
    mesh: run.model.name,
    meshId: journal.view.meshId,
    stage: run.model.stage,
    release: coordinator.releaseName,
    hosts: [...results, ...removed].toSorted((left, right) => left.name.localeCompare(right.name, "en")),
    failed: results.filter(isFailed).length,
    outputs: fillOutputs(run.model.outputs, knownValues(run, journal)),
  };
}

/** What outputs may refer to: the coordinator's URL. */
function knownValues(run: Run, journal: Journal): Readonly<Record<string, string>> {
  const url = journal.view.coordinator?.urls[0];
  return url === undefined ? {} : { [`${coordinatorOf(run.model).name}.url`]: url };
}

function proveMesh(run: Run, standing: readonly InstalledHost[]) {
  const { progress, signal } = run.context;
  progress.phase("Proving the mesh");
  return settleAll(standing, run.parallel, signal, (host) => {
    const row = progress.row(host.name);
    row.update("pinging its peers");
    return failingIn(row, async () => {
      await pingOthers(host, standing, run.model.name, signal);
      row.done("reaches its peers");
    });
  });
}

/** Members whose host has no place in the mesh any more; a replaced local host is the same container, made anew. */
function goneOf(changes: readonly MembershipChange[]): readonly string[] {
  return changes.flatMap((change) =>
    change.kind === "revoke" && change.why === "removed" ? [change.before.name] : [],
  );
}

function hubOf({ prepared, unready }: Hosts): PreparedHost {
  const hub = prepared.find(({ member }) => member.role === "coordinator");
  if (hub !== undefined) return hub;
  const failure = unready.find(({ member }) => member.role === "coordinator");
  throw new TunnelMeshError("TM_DEPLOY_COORDINATOR_UNREACHABLE", {
    ...(failure === undefined
      ? {}
      : { detail: failure.error.message, cause: failure.error, advice: failure.error.advice }),
  });
}
