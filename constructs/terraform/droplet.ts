// One member's droplet and what hangs on it: a reserved address, a DNS record, a volume.
import { Droplet } from "@cdktf/provider-digitalocean/lib/droplet/index.js";
import { Record as DnsRecord } from "@cdktf/provider-digitalocean/lib/record/index.js";
import { ReservedIp } from "@cdktf/provider-digitalocean/lib/reserved-ip/index.js";
import { ReservedIpAssignment } from "@cdktf/provider-digitalocean/lib/reserved-ip-assignment/index.js";
import { Volume } from "@cdktf/provider-digitalocean/lib/volume/index.js";
import { type TerraformStack, TerraformVariable, Token } from "cdktf";
import { parse as parseDomain } from "tldts";
import type { MeshModel } from "../model.ts";
import { bootstrapScript, nonceVariable } from "./bootstrap.ts";
import type { FirewallOf } from "./firewalls.ts";
import { type DropletMember, resourceId, resourceName } from "./members.ts";
import type { NetworkOf } from "./networks.ts";
import type { AccountKeys } from "./ssh-keys.ts";

export interface Surroundings {
  readonly networks: NetworkOf;
  readonly keys: AccountKeys;
  readonly firewalls: FirewallOf;
  /** A reference to the lines that let CI log in. */
  readonly ciLogins: string;
}

/** A member's resources. */
export interface Machine {
  readonly member: DropletMember;
  readonly droplet: Droplet;
  /** Known after apply: the reserved address where there is one, else the droplet's own. */
  readonly publicIp: string;
  readonly reservedIp: ReservedIp | undefined;
  readonly volume: Volume | undefined;
}

/** What a changed key, image or first script may not do: replace a host (life.md §6). */
const neverReplacing = ["user_data", "ssh_keys", "image"];

export function addDroplet(
  stack: TerraformStack,
  model: MeshModel,
  member: DropletMember,
  around: Surroundings,
): Machine {
  const { name, host, role } = member;
  const { firewall, tag } = around.firewalls(member);
  const volume = host.volume === undefined ? undefined : addVolume(stack, model, member);
  const nonce = new TerraformVariable(stack, nonceVariable(name), { type: "string", default: "", sensitive: true });
  const droplet = new Droplet(stack, `droplet-${name}`, {
    name,
    region: host.region,
    size: host.size,
    image: host.image,
    ipv6: true,
    monitoring: true,
    sshKeys: [...around.keys.fingerprints],
    tags: [tag],
    userData: bootstrapScript(nonce.stringValue, around.ciLogins),
    vpcUuid: around.networks(member),
    // Named here and not by an attachment of its own: the droplet lets go of it before the volume is removed.
    ...(volume === undefined ? {} : { volumeIds: [volume.id] }),
    dependsOn: [firewall, ...around.keys.resources],
    lifecycle: {
      ignoreChanges: neverReplacing,
      ...(model.protect && role === "coordinator" ? { preventDestroy: true } : {}),
    },
  });
  droplet.overrideLogicalId(resourceId(name));
  for (const [attribute, value] of Object.entries(host.attributes)) droplet.addOverride(attribute, value);
  const reservedIp = host.reservedIp ? addReservedIp(stack, member, droplet, model.protect) : undefined;
  const publicIp = reservedIp?.ipAddress ?? droplet.ipv4Address;
  if (host.dns !== undefined) addRecord(stack, member, host.dns, publicIp);
  return { member, droplet, publicIp, reservedIp, volume };
}

function addReservedIp(stack: TerraformStack, { name, host }: DropletMember, droplet: Droplet, protect: boolean) {
  const reserved = new ReservedIp(stack, `reserved-ip-${name}`, {
    region: host.region,
    ...(protect ? { lifecycle: { preventDestroy: true } } : {}),
  });
  reserved.overrideLogicalId(resourceId(name));
  const assignment = new ReservedIpAssignment(stack, `reserved-ip-assignment-${name}`, {
    ipAddress: reserved.ipAddress,
    dropletId: Token.asNumber(droplet.id),
  });
  assignment.overrideLogicalId(resourceId(name));
  return reserved;
}

/** The record lies in the registrable domain, "example.org" of "hub.office.example.org", which the account must hold. */
function addRecord(stack: TerraformStack, { name }: DropletMember, dns: string, address: string): void {
  const { domain, subdomain } = parseDomain(dns);
  const record = new DnsRecord(stack, `record-${name}`, {
    domain: domain ?? dns,
    type: "A",
    name: subdomain === null || subdomain === "" ? "@" : subdomain,
    value: address,
    ttl: 300,
  });
  record.overrideLogicalId(resourceId(name));
}

function addVolume(stack: TerraformStack, model: MeshModel, { name, host }: DropletMember): Volume {
  const { gib, keep } = host.volume!;
  const volume = new Volume(stack, `volume-${name}`, {
    name: resourceName(model.name, name, 64),
    region: host.region,
    size: gib,
    initialFilesystemType: "ext4",
    lifecycle: {
      // The service does not say the first of a volume that was adopted, and the second stays when the member is renamed: a
      // difference would make the volume, and its data, anew.
      ignoreChanges: ["initial_filesystem_type", "name"],
      ...(keep ? { preventDestroy: true } : {}),
    },
  });
  volume.overrideLogicalId(resourceId(name));
  return volume;
}
