// What a deploy may not do to hosts unless somebody named them: a droplet that goes takes its identity and its data with it.
import type { MeshModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { PlannedResource } from "../deploy/contract.ts";
import { describeResource } from "./describe.ts";

export interface SafetyQuestion {
  readonly model: MeshModel;
  readonly changes: readonly PlannedResource[];
  /** Names of members that the mesh has: their hosts are more than half-made. */
  readonly members: ReadonlySet<string>;
  /** Names given with --replace. */
  readonly replace: readonly string[];
}

/** Terraform's reasons in words. */
const reasons: Readonly<Record<string, string>> = {
  replace_because_tainted: "its making had failed half-way",
  replace_because_by_triggers: "another resource triggers it",
  replace_by_request: "it was asked for",
};

/** A change that takes a host or its data from a member whom no --replace names. */
export type UnnamedReplacement = PlannedResource & { readonly member: string };

/** Whatever would put another machine, or another volume, under the name of a member. */
export function unnamedReplacements({
  model,
  changes,
  members,
  replace,
}: SafetyQuestion): readonly UnnamedReplacement[] {
  return changes.filter((change): change is UnnamedReplacement => {
    const { type, action, member } = change;
    if (member === undefined || replace.includes(member)) return false;
    if (type !== "digitalocean_droplet" && !(type === "digitalocean_volume" && action === "replace")) return false;
    // A host that never became a member has nothing to lose: the next run makes it anew.
    const formerly = model.members.find(({ name }) => name === member)?.formerly;
    if (!members.has(member) && (formerly === undefined || !members.has(formerly))) return false;
    const stays = model.members.some(({ name }) => name === member);
    return action === "replace" || action === "create" || (action === "delete" && stays);
  });
}

/**
 * Refuses replacements that nobody named.
 * @throws TunnelMeshError TM_CLOUD_REPLACES with resource, attribute and way out; TM_CLOUD_OTHER_HOST
 */
export function refuseReplacements(question: SafetyQuestion): void {
  const [first] = unnamedReplacements(question);
  if (first === undefined) return;
  const { address, action, member } = first;
  if (action === "delete") {
    throw new TunnelMeshError("TM_CLOUD_OTHER_HOST", {
      detail: `${describeResource(question.model, address)}: the stack has this member on a host of another kind`,
    });
  }
  throw new TunnelMeshError("TM_CLOUD_REPLACES", {
    detail: `${describeResource(question.model, address)} (${address}): ${whyReplaced(first)}`,
    advice: [
      action !== "create"
        ? "Take that change back in the stack file: the other changes are then deployed without it."
        : `If the droplet is there after all, adopt it: tm import ${member} --droplet ID`,
      `If a new one is meant, and what is on it may go: tm deploy --replace ${member}`,
    ],
  });
}

/** Says whether anything is taken away that cannot be had again: droplets and volumes. */
export function isDestructive(changes: readonly PlannedResource[]): boolean {
  return changes.some(
    ({ type, action }) =>
      (action === "replace" || action === "delete") &&
      (type === "digitalocean_droplet" || type === "digitalocean_volume"),
  );
}

function whyReplaced({ action, forcedBy, reason = "" }: PlannedResource): string {
  if (action === "create") return "the mesh has this member, but Terraform's state has no droplet for it any more";
  if (forcedBy.length > 0) return `a change of ${forcedBy.join(", ")} forces it`;
  return reasons[reason] ?? (reason === "" ? "Terraform does not say why" : reason.replaceAll("_", " "));
}
