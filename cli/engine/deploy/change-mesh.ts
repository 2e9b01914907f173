// A change of a deployed mesh that installs nothing: under the local lock and the lease, on top of the newest log.
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { EngineContext } from "./contract.ts";
import { connectCoordinator } from "./coordinator.ts";
import { type Journal, openJournal } from "./journal.ts";
import { askMember } from "./member-items.ts";
import type { HostOutcome, ReachedHost } from "./reach.ts";
import type { Coordinator } from "./remote.ts";
import { coordinatorHost, type Run, reachedOf, withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";

export interface MeshChange {
  readonly run: Run;
  readonly journal: Journal;
  readonly coordinator: Coordinator;
  /** The coordinator's host. */
  readonly hub: ReachedHost;
  /** All hosts that were to be reached. */
  readonly outcomes: readonly HostOutcome[];
}

export interface ChangeOptions {
  readonly phase: string;
  /** Reaches every host of the stack, not the coordinator's alone. */
  readonly everybody: boolean;
  /** Members of the stack to reach beside the coordinator, by name. */
  readonly also?: readonly string[];
}

/** Does `work` with everything that a change needs. @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED, TM_DEPLOY_COORDINATOR_UNREACHABLE, TM_DEPLOY_LEASE_HELD */
export function changeMesh<T>(
  context: EngineContext,
  options: ChangeOptions,
  work: (change: MeshChange) => Promise<T>,
): Promise<T> {
  return withRun(context, async (run) => {
    const { genesis } = await run.home.read();
    if (genesis === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
    const lock = await run.home.lock();
    try {
      context.progress.phase(options.phase);
      const hubModel = coordinatorOf(run.model);
      const wanted = run.model.members.filter(
        (member) => options.everybody || member === hubModel || options.also?.includes(member.name) === true,
      );
      const outcomes = await run.reach(false, wanted);
      const hub = coordinatorHost(outcomes);
      const coordinator = connectCoordinator(hub.connection, run.model.name, context.signal);
      const lease = await coordinator.lease();
      try {
        const journal = await openJournal(run.home, run.signer);
        await learnFromMembers(run, journal, outcomes);
        await journal.attach(coordinator);
        return await work({ run, journal, coordinator, hub, outcomes });
      } finally {
        await lease.release();
      }
    } finally {
      await lock.release();
    }
  });
}

/** The head before anything is signed is the highest of home, coordinator and a member or two (life.md §4). */
async function learnFromMembers(run: Run, journal: Journal, outcomes: readonly HostOutcome[]): Promise<void> {
  for (const { member, connection } of reachedOf(outcomes).slice(0, 2)) {
    try {
      await journal.learn(await askMember(connection, run.model.name, run.context.signal));
    } catch (error) {
      run.context.signal.throwIfAborted();
      if (!isTunnelMeshError(error) || error.code === "TM_TRUST_FORK") throw error;
      run.context.progress.log(`${member.name} could not be asked for its log: ${error.message}`);
    }
  }
}
