// The members of a model that DigitalOcean makes, and the names that their resources share.
import { createHash } from "node:crypto";
import type { HostModel, MemberModel, MeshModel } from "../model.ts";

/** Name of the output that says where droplets are. */
export const addressesOutput = "tm_hosts";

export type DropletModel = Extract<HostModel, { kind: "droplet" }>;
export type DropletMember = MemberModel & { readonly host: DropletModel };

/** Members on droplets, in the model's order: by name. */
export function dropletsOf(model: MeshModel): readonly DropletMember[] {
  return model.members.filter((member): member is DropletMember => member.host.kind === "droplet");
}

/** Name of a resource at DigitalOcean: "MESH-PART", shortened with a hash where it would be longer than `limit`. */
export function resourceName(mesh: string, part: string, limit: number): string {
  const name = `${mesh}-${part}`;
  if (name.length <= limit) return name;
  return `${name.slice(0, limit - 9)}-${shortHash(name)}`;
}

/** Id of a resource within its type: the name itself; Terraform's ids do not begin with a digit. */
export function resourceId(name: string): string {
  const id = name.replace(/[^A-Za-z0-9_-]/g, "_");
  return /^[A-Za-z_]/.test(id) ? id : `_${id}`;
}

/** Text that Terraform takes as it is, whatever stands in it. */
export function literal(text: string): string {
  return text.replace(/[$%](?=\{)/g, "$&$&");
}

/** The first eight hexadecimal digits of SHA-256. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
