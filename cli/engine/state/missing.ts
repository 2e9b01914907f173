// A mesh whose droplets the state does not know is not deployed over: every one would be made a second time (life.md §1).
import type { MeshModel } from "../../../constructs/model.ts";
import { dropletsOf, resourceId } from "../../../constructs/terraform/members.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import type { TerraformRun } from "../terraform/run.ts";
import { describePlace } from "./locking.ts";
import { readStored, type Stored, storedAddresses } from "./stored.ts";

export interface MissingOptions {
  readonly model: MeshModel;
  /** The mesh as the home or any member has it; undefined before there is one and after it was destroyed. */
  readonly view: MeshView | undefined;
  /** Members that are to be made anew: that theirs is not there is no news. */
  readonly replace?: readonly string[];
}

/** Call it before a plan. @throws TunnelMeshError TM_STATE_MISSING */
export async function refuseMissingState(run: TerraformRun, options: MissingOptions): Promise<void> {
  if (options.view === undefined) return;
  const stored = await readStored(run);
  const missing = missingMembers(stored, options);
  if (missing.length === 0) return;
  const place = describePlace(options.model.state);
  throw new TunnelMeshError("TM_STATE_MISSING", {
    detail:
      stored === undefined
        ? `there is no state in ${place}, and the mesh has ${missing.join(", ")}`
        : `the state in ${place} does not hold ${missing.join(", ")}`,
  });
}

/** Members of the mesh that the stack puts on droplets which the state does not hold. */
export function missingMembers(
  stored: Stored | undefined,
  { model, view, replace = [] }: MissingOptions,
): readonly string[] {
  const names = new Set([...(view?.members.values() ?? [])].map(({ name }) => name));
  const held = storedAddresses(stored);
  return dropletsOf(model)
    .filter(({ name, formerly }) => {
      const one = [name, ...(formerly === undefined ? [] : [formerly])];
      if (replace.includes(name) || !one.some((known) => names.has(known))) return false;
      return !one.some((known) => held.has(`digitalocean_droplet.${resourceId(known)}`));
    })
    .map(({ name }) => name);
}
