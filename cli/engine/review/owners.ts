// Whose a resource is: the member of the mesh that it belongs to, and its construct.
import type { MemberModel, MeshModel } from "../../../constructs/model.ts";
import { dropletsOf, resourceId } from "../../../constructs/terraform/members.ts";
import type { ShownResource } from "./show.ts";

/** Types of which each member has its own, under the member's name. */
const ofMembers = new Set([
  "digitalocean_droplet",
  "digitalocean_reserved_ip",
  "digitalocean_reserved_ip_assignment",
  "digitalocean_record",
  "digitalocean_volume",
]);

export interface Owners {
  /** Name of the member; for one that leaves the stack, the name that its droplet has. */
  nodeOf(resource: ShownResource): string | undefined;
  memberNamed(name: string | undefined): MemberModel | undefined;
  constructPathOf(resource: ShownResource): string | undefined;
}

/**
 * @param terraform the stack's Terraform JSON, in which each resource bears the path of its construct
 * @param resources every resource of the plan
 */
export function ownersOf(
  model: MeshModel,
  terraform: Readonly<Record<string, unknown>> | undefined,
  resources: readonly ShownResource[],
): Owners {
  const constructs = (terraform?.["resource"] ?? {}) as ConstructsByType;
  const idToNode = new Map(dropletsOf(model).map(({ name }) => [resourceId(name), name]));
  // A droplet is named after its member, also one that no stack file has any more.
  for (const { type, name, mode, change } of resources) {
    if (type !== "digitalocean_droplet" || mode !== "managed" || idToNode.has(name)) continue;
    const before = change.before as { readonly name?: unknown } | null | undefined;
    if (typeof before?.name === "string") idToNode.set(name, before.name);
  }
  const members = new Map(model.members.map((member) => [member.name, member]));
  return {
    nodeOf: ({ type, name, mode }) => (mode === "managed" && ofMembers.has(type) ? idToNode.get(name) : undefined),
    memberNamed: (name) => (name === undefined ? undefined : members.get(name)),
    constructPathOf: ({ type, name, mode }) =>
      mode === "managed" ? constructs[type]?.[name]?.["//"]?.metadata?.path : undefined,
  };
}

type ConstructsByType = Readonly<
  Record<string, Readonly<Record<string, { readonly "//"?: { readonly metadata?: { readonly path?: string } } }>>>
>;
