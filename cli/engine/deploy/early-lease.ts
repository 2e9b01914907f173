// The lease before resources are made or removed: one for apply, install and log wherever the coordinator answers (life.md §1).
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { connectCoordinator } from "./coordinator.ts";
import type { ReachedHost } from "./reach.ts";
import type { Lease, LeaseHolder } from "./remote.ts";
import type { Run } from "./run.ts";

/** Gives the lease on to whoever talks to the coordinator next, or lets go of it where that one ends; undefined: there was none. */
export type HandOver = () => LeaseHolder | undefined;

/**
 * Does `work` under the lease of the mesh's coordinator. Before there is one, and where it does not answer, the local lock and
 * Terraform's own are all there is.
 * @param hub the coordinator's host, where there may be a coordinator
 * @throws TunnelMeshError TM_DEPLOY_LEASE_HELD, and what `work` throws
 */
export async function underEarlyLease<T>(
  run: Run,
  hub: ReachedHost | undefined,
  work: (handOver: HandOver) => Promise<T>,
): Promise<T> {
  const lease = await earlyLease(run, hub);
  let handed = false;
  try {
    return await work(() => {
      handed = true;
      return lease?.handOver();
    });
  } finally {
    if (lease !== undefined && !handed) await giveBack(run, lease);
  }
}

async function earlyLease(run: Run, hub: ReachedHost | undefined): Promise<Lease | undefined> {
  if (hub === undefined) return undefined;
  const { progress, signal } = run.context;
  try {
    return await connectCoordinator(hub.connection, run.model.name, signal).lease();
  } catch (error) {
    signal.throwIfAborted();
    if (!isTunnelMeshError(error) || error.code === "TM_DEPLOY_LEASE_HELD") throw error;
    progress.log(`the coordinator gives no lease yet, Terraform's lock is all: ${error.message}`);
    return undefined;
  }
}

/** What ended the work is the news; a lease that cannot be given back ends by itself. */
async function giveBack(run: Run, lease: Lease): Promise<void> {
  try {
    await lease.release();
  } catch (error) {
    if (!isTunnelMeshError(error)) throw error;
    run.context.progress.log(`the lease could not be given back: ${error.message}`);
  }
}
