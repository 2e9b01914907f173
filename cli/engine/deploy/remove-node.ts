// tm remove-node: revokes a member and takes the mesh off its host where it can be reached.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import type { RemoveNode } from "./contract.ts";
import { connectCoordinator } from "./coordinator.ts";
import { openJournal } from "./journal.ts";
import { knownHosts, readRecords, trustedHosts } from "./known-hosts.ts";
import { removeRevoked } from "./remove.ts";
import { coordinatorHost, type Run, withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";

/** Removes a member; see the contract. Membership is revoked whether or not the host can be reached. */
export const removeNode: RemoveNode = (parameters) =>
  withRun(parameters, async (run) => {
    const { genesis } = await run.home.read();
    if (genesis === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
    const lock = await run.home.lock();
    try {
      return await remove(run, parameters.name);
    } finally {
      await lock.release();
    }
  });

async function remove(run: Run, name: string) {
  const { progress, signal } = run.context;
  progress.phase("Revoking");
  const hub = coordinatorHost(await run.reach(false, [coordinatorOf(run.model)]));
  const coordinator = connectCoordinator(hub.connection, run.model.name, signal);
  const lease = await coordinator.lease();
  try {
    const journal = await openJournal(run.home, run.signer);
    await journal.attach(coordinator);
    const member = [...journal.view.members.values()].find((one) => one.name === name);
    if (member === undefined) throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name });
    refuseClient(member);
    refuseInStack(run, member);
    await journal.append({ type: "node.revoke", nid: member.nid, seq: member.grantSeq });
    await coordinator.release(member.nid);
    progress.row(name).done("revoked");
    const records = readRecords(await coordinator.history());
    const [result] = await removeRevoked(run, [name], trustedHosts(knownHosts(records), [member]));
    const error = result?.error;
    return {
      mesh: run.model.name,
      stage: run.model.stage,
      name,
      uninstalled: result?.state === "removed",
      ...(error === undefined ? {} : { error }),
    };
  } finally {
    await lease.release();
  }
}

function refuseClient({ name, via }: Member): void {
  if (via === undefined) return;
  throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", {
    detail: name,
    advice: [`It is a client: tm client remove ${name}`],
  });
}

/** A rebuilt server of the stack is removed by name on purpose: its next deploy takes the new machine in. */
function refuseInStack(run: Run, member: Member): void {
  const inStack = run.model.members.find(({ name }) => name === member.name);
  if (inStack?.role === "coordinator" || inStack?.host.kind === "local") {
    throw new TunnelMeshError("TM_DEPLOY_IN_STACK", { detail: member.name });
  }
}
