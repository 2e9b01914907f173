// A mesh whose droplets the state does not know is not deployed over: every one would be made a second time (life.md §1).
import type { MeshModel } from "../../../constructs/model.ts";
import { dropletsOf, resourceId } from "../../../constructs/terraform/members.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { type KnownHost, trustedHosts } from "../deploy/known-hosts.ts";
import type { TerraformRun } from "../terraform/run.ts";
import { describePlace } from "./locking.ts";
import { readStored, type Stored, storedAddresses } from "./stored.ts";

export interface MissingOptions {
  readonly model: MeshModel;
  /** The mesh as the home or any member has it; undefined before there is one and after it was destroyed. */
  readonly view: MeshView | undefined;
  /** Members that are to be made anew: that theirs is not there is no news. */
  readonly replace?: readonly string[];
  /** Where members were reached last, by name. */
  readonly hosts?: Readonly<Record<string, KnownHost>>;
}

/** Call it before a plan. @throws TunnelMeshError TM_STATE_MISSING; TM_CLOUD_OTHER_HOST for a member that was on no droplet */
export async function refuseMissingState(run: TerraformRun, options: MissingOptions): Promise<void> {
  // Without a mesh nothing can be missing, and the state is not asked.
  if (options.view !== undefined) refuseMissing(await readStored(run), options);
}

/** @throws TunnelMeshError as refuseMissingState */
export function refuseMissing(stored: Stored | undefined, options: MissingOptions): void {
  const missing = missingMembers(stored, options);
  if (missing.length === 0) return;
  const moved = missing.find((name) => wasElsewhere(name, options));
  if (moved !== undefined) throw movedToDroplet(moved, options.model);
  const place = describePlace(options.model.state);
  throw new TunnelMeshError("TM_STATE_MISSING", {
    detail:
      stored === undefined
        ? `there is no state in ${place}, and the mesh has ${missing.join(", ")}`
        : `the state in ${place} does not hold ${missing.join(", ")}`,
  });
}

/** Says whether the member of this name was reached on a host that is no droplet, under the key that the mesh knows it by. */
function wasElsewhere(name: string, { view, hosts = {} }: MissingOptions): boolean {
  const known = trustedHosts(hosts, view?.members.values() ?? [])[name];
  return known !== undefined && known.droplet !== true;
}

function movedToDroplet(name: string, model: MeshModel): TunnelMeshError {
  const detail = `${name} is a member on a host of its own, and the stack puts it on a droplet`;
  if (model.members.some((member) => member.name === name && member.role === "coordinator")) {
    const advice = [
      "Give the droplet a name of its own as the coordinator, and keep the old host as a node: the coordinator moves over.",
      `If the old host is gone, or may keep what is installed on it: tm deploy --replace ${name}`,
    ];
    return new TunnelMeshError("TM_CLOUD_OTHER_HOST", { detail, advice });
  }
  return new TunnelMeshError("TM_CLOUD_OTHER_HOST", {
    detail,
    advice: [
      `Take it out of the mesh, and the mesh off its old host: tm remove-node ${name}. Then tm deploy makes the droplet.`,
      `If the old host is gone, or may keep what is installed on it: tm deploy --replace ${name}. It is a member no more then; to clean it up, on that host: sudo tm leave --local --mesh ${model.name}`,
    ],
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
