// tm rekey: takes a rebuilt host in under the name and address that it had, and its old key out, in one signed step.
import type { MemberModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import { hostKeyFingerprint } from "../ssh/host-key.ts";
import { ensureCoordinator, type RunningCoordinator } from "./coordinator.ts";
import { type PreparedHost, prepareHosts } from "./hosts.ts";
import { installMember } from "./install.ts";
import { type Journal, openJournal } from "./journal.ts";
import { readRecords } from "./known-hosts.ts";
import { findMember } from "./members.ts";
import { recordDeploy } from "./record.ts";
import type { RekeyNode, RekeyParameters, RekeyResult } from "./rekey-contract.ts";
import { reachRebuilt } from "./rekey-reach.ts";
import { coordinatorHost, type Run, withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";
import { pingOthers, waitUntilUp } from "./verify.ts";

/** Renews the key of a member; see the contract. Run again after a kill it goes on where it stopped. */
export const rekeyNode: RekeyNode = (parameters) =>
  withRun(parameters, async (run) => {
    const lock = await run.home.lock();
    try {
      return await rekey(run, parameters);
    } finally {
      await lock.release();
    }
  });

async function rekey(run: Run, parameters: RekeyParameters): Promise<RekeyResult> {
  const { progress, signal } = run.context;
  const { name } = parameters;
  const member = await signedMember(run, name);
  const described = await describedHost(run, name);
  progress.phase("Reaching hosts");
  const hubOutcomes = await run.reach(false, [coordinatorOf(run.model)]);
  coordinatorHost(hubOutcomes);
  const target = await reachRebuilt(run.reachOptions, member, described, parameters);
  const { prepared, unready } = await prepareHosts(run, [...hubOutcomes, target]);
  const [failure] = unready;
  if (failure !== undefined) throw failure.error;
  const [hub, host] = prepared as [PreparedHost, PreparedHost];

  const journal = await openJournal(run.home, run.signer);
  progress.phase("Renewing the key");
  const coordinator = await ensureCoordinator(run, journal, hub, [hub]);
  const lease = await coordinator.lease();
  try {
    const row = progress.row(name);
    await renewKey(journal, coordinator, host);
    const installed = await installMember(run, journal, host, coordinator);
    row.update("joining");
    const status = await waitUntilUp(installed, run.model.name, signal);
    const hubHost = { name: hub.member.name, coordinator: true, connection: hub.connection };
    await pingOthers(installed, [installed, hubHost], run.model.name, signal);
    row.done(`${status.ip4 ?? status.ip6}, reaches ${hub.member.name}`);
    await recordDeploy(run, coordinator, { reached: [host], before: readRecords(await coordinator.history()) });
    const addresses = { ip6: status.ip6, ...(status.ip4 === undefined ? {} : { ip4: status.ip4 }) };
    return {
      mesh: run.model.name,
      stage: run.model.stage,
      host: { name, address: host.connection.address, ...addresses, state: installed.state },
      before: hostKeyFingerprint(member.sshPublicKey),
      now: hostKeyFingerprint(host.sshPublicKey),
    };
  } finally {
    await lease.release();
  }
}

async function renewKey(journal: Journal, coordinator: RunningCoordinator, host: PreparedHost): Promise<void> {
  const { name } = host.member;
  const members = [...journal.view.members.values()];
  // Also asked after the newest log is here: somebody else may have done it, or taken the machine in under another name.
  const same = members.find(({ nid }) => nid === host.nid);
  if (same !== undefined && same.name !== name) {
    throw new TunnelMeshError("TM_DEPLOY_CLONED_HOST_KEY", { detail: `${same.name} and ${name}` });
  }
  if (same !== undefined) {
    await coordinator.reserve(host.nid, name, same.ip4);
    return;
  }
  const before = members.find((member) => member.name === name);
  if (before === undefined) throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name });
  await journal.replace(before, {
    sshPublicKey: host.sshPublicKey,
    name,
    // A token cannot sign for another key, an admin can: from here on it is one that an admin has added.
    origin: before.origin === "token" ? "add-node" : before.origin,
    ...(before.ip4 === undefined ? {} : { ip4: before.ip4 }),
    groups: before.groups,
    routes: before.routes,
    expires: before.expires,
  });
  // The old key's reservation went with its membership; until then nobody else could have had it.
  const ip4 = journal.view.members.get(host.nid)?.ip4;
  await coordinator.reserve(host.nid, name, ip4);
}

async function signedMember(run: Run, name: string): Promise<Member> {
  const { view } = await run.home.read();
  if (view === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
  const member = [...view.members.values()].find((one) => one.name === name);
  if (member === undefined) throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name });
  return member;
}

/** Where the host is. A key that only the records name is the old one, and no pin. */
async function describedHost(run: Run, name: string): Promise<MemberModel> {
  const member = await findMember(run, name);
  if (member.host.kind === "local") throw new TunnelMeshError("TM_DEPLOY_REKEY_LOCAL", { detail: name });
  if (member.role === "coordinator") throw new TunnelMeshError("TM_DEPLOY_REKEY_COORDINATOR", { detail: name });
  if (run.model.members.includes(member) || member.host.kind !== "ssh") return member;
  const { hostKey: _, ...host } = member.host;
  return { ...member, host };
}
