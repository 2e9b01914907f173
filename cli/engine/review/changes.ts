// From Terraform's resource changes to the changes of a reviewed plan: action, owner, consequences, attributes.
import type { MeshModel } from "../../../constructs/model.ts";
import { attributesOf } from "./attributes.ts";
import type { Owners } from "./owners.ts";
import type { Consequence, PlanAttribute, PlanChange } from "./plan.ts";
import type { ShownResource } from "./show.ts";

/** Attributes that say what a resource was, of one that goes; the others would only fill the plan. */
const kept = new Set([
  "name",
  "region",
  "size",
  "image",
  "ipv4_address",
  "ip_address",
  "value",
  "domain",
  "droplet_id",
  "tags",
]);

/** What happens to a resource; undefined: nothing that a reviewer needs to see. */
export function actionOf({
  mode,
  previous_address: previous,
  address,
  change,
}: ShownResource): PlanChange["action"] | undefined {
  if (mode === "data") return undefined;
  const { actions, importing } = change;
  if (actions.includes("delete")) return actions.includes("create") ? "replace" : "delete";
  for (const action of ["create", "update", "forget"] as const) if (actions.includes(action)) return action;
  if (importing !== undefined && importing !== null) return "import";
  return previous !== undefined && previous !== address ? "move" : undefined;
}

/** Sorted by address: the same plan gives the same text. The sentences are still empty, as they are made of what may be shown. */
export function changesOf(model: MeshModel, owners: Owners, resources: readonly ShownResource[]): PlanChange[] {
  return resources
    .flatMap((resource) => {
      const action = actionOf(resource);
      return action === undefined ? [] : [changeOf(model, owners, resource, action)];
    })
    .toSorted((left, right) => (left.address < right.address ? -1 : left.address > right.address ? 1 : 0));
}

function changeOf(model: MeshModel, owners: Owners, resource: ShownResource, action: PlanChange["action"]): PlanChange {
  const { address, previous_address: previous, type, change, deposed } = resource;
  const node = owners.nodeOf(resource);
  const constructPath = owners.constructPathOf(resource);
  const all = attributesOf(type, change);
  const attributes = action === "delete" ? all.filter(({ path }) => kept.has(path)) : all;
  const forcedBy = action === "replace" ? (change.replace_paths ?? []).map((path) => path.join(".")).toSorted() : [];
  return {
    address: deposed === undefined ? address : `${address} (deposed ${deposed})`,
    ...(previous === undefined || previous === address ? {} : { previousAddress: previous }),
    ...(constructPath === undefined ? {} : { constructPath }),
    ...(node === undefined ? {} : { node }),
    type,
    action,
    ...(resource.action_reason === undefined ? {} : { reason: resource.action_reason }),
    forcedBy,
    consequences: consequencesOf(model, type, action, owners.memberNamed(node)?.role, attributes),
    attributes,
    words: "",
  };
}

function consequencesOf(
  model: MeshModel,
  type: string,
  action: PlanChange["action"],
  role: "coordinator" | "node" | undefined,
  attributes: readonly PlanAttribute[],
): Consequence[] {
  const gone = action === "delete" || action === "replace";
  switch (type) {
    case "digitalocean_droplet": {
      if (!gone) return action === "update" && attributes.some(({ path }) => path === "size") ? ["restart"] : [];
      const coordinators = model.members.filter((member) => member.role === "coordinator").length;
      const lost: Consequence[] =
        role !== "coordinator" ? [] : coordinators === 1 ? ["only-coordinator"] : ["coordinator"];
      return [...lost, "host-lost"];
    }
    case "digitalocean_volume":
      return gone ? ["volume-lost"] : [];
    case "digitalocean_reserved_ip":
      return gone ? ["address-lost"] : [];
    default:
      return [];
  }
}
