// Terraform over the state alone, with no provider and no token; and with all, as the only tm of this machine on the mesh.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { type Cloud, usingCloud } from "../cloud/open.ts";
import type { EngineContext } from "../deploy/contract.ts";
import type { TerraformRun } from "../terraform/run.ts";
import { openMeshHome } from "../trust/mesh-home.ts";
import type { StateResult } from "./contract.ts";

/**
 * Runs `work` over the state.
 * @returns undefined when the stack has nothing for Terraform
 * @throws TunnelMeshError TM_TERRAFORM_…, TM_STACK_VALUE, TM_STATE_STORE
 */
export async function withState<T>(
  context: EngineContext,
  work: (run: TerraformRun) => Promise<T>,
): Promise<T | undefined> {
  return usingCloud(context, { stateAlone: true }, async (cloud) =>
    cloud === undefined ? undefined : work(cloud.run),
  );
}

/**
 * Runs `work` with Terraform and its provider, as the only tm of this machine that works on the mesh.
 * @throws TunnelMeshError TM_STATE_NOTHING, TM_TRUST_LOCKED, TM_TERRAFORM_…
 */
export async function withCloud<T>(context: EngineContext, work: (cloud: Cloud) => Promise<T>): Promise<T> {
  const { projectFolder, stage, model } = context.loaded;
  const lock = await openMeshHome({ folder: projectFolder, stage }).lock();
  try {
    return await usingCloud(context, {}, async (cloud) => {
      if (cloud === undefined) throw new TunnelMeshError("TM_STATE_NOTHING", { detail: model.name });
      return work(cloud);
    });
  } finally {
    await lock.release();
  }
}

export function resultOf({ loaded: { model } }: EngineContext): StateResult {
  return { mesh: model.name, stage: model.stage };
}
