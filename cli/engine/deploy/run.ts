// What every engine function works with: the mesh's home, how hosts are reached, and connections that are closed at the end.
import type { MeshModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Signer } from "../../../protocol/trust/signing.ts";
import { heldKeysOf } from "../ci/login.ts";
import { runnerAccess } from "../ci/runner-access.ts";
import { refuseOtherCloud } from "../cloud/sandbox-mesh.ts";
import { createLocalHosts } from "../local/hosts.ts";
import { connectHost } from "../ssh/connect.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { type MeshHome, openMeshHome } from "../trust/mesh-home.ts";
import { type CiToken, openCiToken } from "./ci-token.ts";
import type { EngineContext } from "./contract.ts";
import { adminSigner, loginKeys } from "./keys.ts";
import { type DropletPlace, type HostOutcome, type ReachedHost, type ReachOptions, reachHosts } from "./reach.ts";

export const defaultParallel = 8;

export interface Run {
  readonly context: EngineContext;
  readonly model: MeshModel;
  readonly home: MeshHome;
  readonly reachOptions: ReachOptions;
  readonly parallel: number;
  /** Reaches the hosts of `members`, all of the stack when left out. */
  reach(make: boolean, members?: MeshModel["members"]): Promise<readonly HostOutcome[]>;
  /** The token that signs in place of an admin; undefined where an admin does. @throws TunnelMeshError TM_CI_TOKEN */
  ci(): Promise<CiToken | undefined>;
  /** Chosen once, when first needed, among the admins in force. @throws TunnelMeshError TM_CI_NEEDS_ADMIN */
  signer(): Promise<Signer>;
  /** Makes sure that droplets let this machine in, where CI runs; `reach` does it by itself. */
  admit(): Promise<void>;
  /** Where droplets are from now on, in place of where they were known to be. */
  setDroplets(places: ReadonlyMap<string, DropletPlace>): void;
  /** Closed at the end of the run. */
  keep(connection: HostConnection): void;
}

/**
 * Runs `work` and closes every connection after it, whatever happens.
 * @throws TunnelMeshError TM_DEPLOY_OTHER_STACK, TM_TRUST_MESH_FILE, TM_SANDBOX_MESH, TM_SANDBOX_OTHER_MESH, and what `work` throws
 */
export async function withRun<T>(context: EngineContext, work: (run: Run) => Promise<T>): Promise<T> {
  const { model, projectFolder, stage } = context.loaded;
  const home = openMeshHome({ folder: projectFolder, stage });
  const parallel = context.parallel ?? defaultParallel;
  const connections: HostConnection[] = [];
  // Before anything is reached or made: a damaged file, or one of another stack, ends the run here.
  await refuseOtherStack(home, model);
  await refuseOtherCloud(context, (await home.read()).view);
  const identityFiles = await loginKeys(context);
  const ciToken = context.adminKey === undefined ? context.ciToken : undefined;
  const access = ciToken === undefined ? undefined : runnerAccess(context);
  let droplets: Promise<ReadonlyMap<string, DropletPlace>> | undefined;
  const reachOptions: ReachOptions = {
    local: async () => createLocalHosts(),
    droplets() {
      droplets ??= home.read().then(async ({ view }) => {
        // Loaded for droplets alone, as are Terraform and the places of its state.
        const { findDroplets } = await import("../cloud/places.ts");
        return findDroplets(context, view);
      });
      return droplets;
    },
    connect: async (target, options) => {
      const connection = await connectHost(target, options);
      connections.push(connection);
      return connection;
    },
    connectOptions: {
      identityFiles,
      ...(ciToken === undefined ? {} : { heldKeys: heldKeysOf(ciToken) }),
      ...(context.confirmHostKey === undefined ? {} : { confirmHostKey: context.confirmHostKey }),
      ...(context.askSecret === undefined ? {} : { askSecret: context.askSecret }),
    },
    parallel,
    progress: context.progress,
    signal: context.signal,
    make: false,
  };
  let signer: Promise<Signer> | undefined;
  let ci: CiToken | undefined;
  const run: Run = {
    context,
    model,
    home,
    reachOptions,
    parallel,
    async admit() {
      await access?.open();
    },
    async reach(make, members = model.members) {
      await run.admit();
      return reachHosts({ ...model, members }, { ...reachOptions, make });
    },
    async ci() {
      if (ciToken === undefined) return undefined;
      ci ??= openCiToken(ciToken, (await home.read()).view, Math.floor(Date.now() / 1000));
      return ci;
    },
    async signer() {
      if ((await run.ci()) !== undefined) throw new TunnelMeshError("TM_CI_NEEDS_ADMIN");
      signer ??= home.read().then(({ view }) => adminSigner(context, view?.admins ?? model.admins));
      return signer;
    },
    setDroplets(places) {
      droplets = Promise.resolve(places);
    },
    keep: (connection) => void connections.push(connection),
  };
  let failed = true;
  try {
    const result = await work(run);
    failed = false;
    return result;
  } finally {
    for (const connection of connections) connection.close();
    await access?.close().catch((error: Error) => {
      if (!failed) throw error;
      // What ended the run is said at its end; this must not hide it, nor be hidden.
      context.progress.row("firewall").fail(error.message);
    });
  }
}

/** A stage's mesh file is one mesh's: no command may take it for another stack's. */
async function refuseOtherStack(home: MeshHome, model: MeshModel): Promise<void> {
  const { view } = await home.read();
  if (view === undefined || view.name === model.name) return;
  throw new TunnelMeshError("TM_DEPLOY_OTHER_STACK", {
    detail: `${home.file} is the home of ${view.name}, this is ${model.name}`,
  });
}

/** The reached hosts among outcomes. */
export function reachedOf(outcomes: readonly HostOutcome[]): readonly ReachedHost[] {
  return outcomes.filter((outcome) => outcome.kind === "reached");
}

/** The coordinator's host. @throws TunnelMeshError TM_DEPLOY_COORDINATOR_UNREACHABLE with its cause */
export function coordinatorHost(outcomes: readonly HostOutcome[]): ReachedHost {
  const outcome = outcomes.find(({ member }) => member.role === "coordinator");
  if (outcome === undefined) throw new RangeError("the model has no coordinator");
  if (outcome.kind === "reached") return outcome;
  throw new TunnelMeshError("TM_DEPLOY_COORDINATOR_UNREACHABLE", {
    detail: `${outcome.member.name}: ${outcome.error.message}`,
    cause: outcome.error,
    advice: outcome.error.advice,
  });
}
