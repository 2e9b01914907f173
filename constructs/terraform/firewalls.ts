// Cloud firewalls: one per role and set of SSH ranges, attached by a tag of its own, as ten droplets are the limit by id.
import { Firewall, type FirewallInboundRule } from "@cdktf/provider-digitalocean/lib/firewall/index.js";
import { Tag } from "@cdktf/provider-digitalocean/lib/tag/index.js";
import type { TerraformStack } from "cdktf";
import { coordinatorPort, tunnelPort } from "../../protocol/constants.ts";
import type { MeshModel } from "../model.ts";
import { type DropletMember, resourceName, shortHash } from "./members.ts";

const everywhere = ["0.0.0.0/0", "::/0"];

/** The firewall of a droplet and the tag that attaches it. */
export type FirewallOf = (member: DropletMember) => { readonly firewall: Firewall; readonly tag: string };

export function addFirewalls(stack: TerraformStack, model: MeshModel, droplets: readonly DropletMember[]): FirewallOf {
  const made = new Map<string, { readonly firewall: Firewall; readonly tag: string }>();
  for (const role of ["coordinator", "node"] as const) {
    const ofRole = droplets.filter((member) => member.role === role);
    const sets = Map.groupBy(ofRole, rangesOf);
    const main = mainSet(sets);
    for (const [ranges, members] of sets) {
      const id = ranges === main ? role : `${role}-${shortHash(ranges)}`;
      made.set(`${role} ${ranges}`, addFirewall(stack, model, id, members[0]!));
    }
  }
  return (member) => made.get(`${member.role} ${rangesOf(member)}`)!;
}

function rangesOf({ host }: DropletMember): string {
  return host.ssh.join(" ");
}

/** The set that most members have bears the plain name of the role: changing it changes the firewall in place. */
function mainSet(sets: ReadonlyMap<string, readonly DropletMember[]>): string | undefined {
  const bySize = [...sets].toSorted(
    ([left, leftMembers], [right, rightMembers]) => rightMembers.length - leftMembers.length || (left < right ? -1 : 1),
  );
  return bySize[0]?.[0];
}

function addFirewall(stack: TerraformStack, model: MeshModel, id: string, member: DropletMember) {
  const tag = new Tag(stack, `firewall-tag-${id}`, { name: `tm:${model.name}:firewall:${id}` });
  tag.overrideLogicalId(id);
  const firewall = new Firewall(stack, `firewall-${id}`, {
    name: resourceName(model.name, id, 255),
    tags: [tag.name],
    inboundRule: inboundRules(member),
    outboundRule: [
      { protocol: "tcp", portRange: "1-65535", destinationAddresses: everywhere },
      { protocol: "udp", portRange: "1-65535", destinationAddresses: everywhere },
      { protocol: "icmp", destinationAddresses: everywhere },
    ],
  });
  firewall.overrideLogicalId(id);
  return { firewall, tag: tag.name };
}

/** Exactly what the role needs: tunnels from anywhere, the coordinator's ports where there is one, SSH from the given ranges. */
function inboundRules({ role, host }: DropletMember): FirewallInboundRule[] {
  const open = (protocol: string, port: number): FirewallInboundRule => ({
    protocol,
    portRange: String(port),
    sourceAddresses: everywhere,
  });
  return [
    ...(host.ssh.length === 0 ? [] : [{ protocol: "tcp", portRange: "22", sourceAddresses: [...host.ssh] }]),
    open("udp", tunnelPort),
    ...(role === "coordinator" ? [open("tcp", coordinatorPort), open("udp", coordinatorPort)] : []),
  ];
}
