// Terraform's addresses in the words of the stack: "droplet of hub" for digitalocean_droplet.hub.
import type { MeshModel } from "../../../constructs/model.ts";
import { resourceId } from "../../../constructs/terraform/members.ts";

/** Types that belong to one member and bear its id. */
const ofMember: Readonly<Record<string, string>> = {
  digitalocean_droplet: "droplet",
  digitalocean_reserved_ip: "reserved address",
  digitalocean_reserved_ip_assignment: "assignment of the reserved address",
  digitalocean_record: "DNS record",
  digitalocean_volume: "volume",
};
const others: Readonly<Record<string, string>> = {
  digitalocean_firewall: "firewall",
  digitalocean_tag: "tag",
  digitalocean_ssh_key: "SSH key",
  digitalocean_vpc: "private network",
  digitalocean_project_resources: "project",
};

/** The member whose resource this is, by the type and the id that Terraform has for it; `more` are names no longer in the stack. */
export function memberOfResource(
  model: Pick<MeshModel, "members">,
  type: string,
  id: string,
  more: readonly string[] = [],
): string | undefined {
  if (ofMember[type] === undefined) return undefined;
  return [...model.members.map(({ name }) => name), ...more].find((name) => resourceId(name) === id);
}

/** "droplet of hub", "firewall node"; the address itself where it is none of ours. */
export function describeResource(model: Pick<MeshModel, "members">, address: string): string {
  const [type = "", id = ""] = address.replace(/\[.*$/, "").split(".");
  const kind = ofMember[type];
  if (kind !== undefined) return `${kind} of ${memberOfResource(model, type, id) ?? id}`;
  return others[type] === undefined ? address : `${others[type]} ${id}`;
}

/** Puts the stack's words before each address in what Terraform said. */
export function explainAddresses(model: Pick<MeshModel, "members">, text: string): string {
  return text.replace(/\bdigitalocean_[a-z_]+\.[A-Za-z0-9_-]+(\[[^\]\s]{1,64}\])?/g, (address) => {
    const words = describeResource(model, address);
    return words === address ? address : `${words} (${address})`;
  });
}
