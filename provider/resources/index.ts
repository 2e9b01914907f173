// All managed resources by type.
import type { Resource } from "../resource.ts";
import { droplet } from "./droplet.ts";
import { firewall } from "./firewall.ts";
import { reservedIp, reservedIpAssignment, vpc } from "./network.ts";
import { projectResources } from "./project.ts";
import { record } from "./record.ts";
import { sshKey } from "./ssh-key.ts";
import { tag } from "./tags.ts";
import { volume, volumeAttachment } from "./volume.ts";

export const resources: Readonly<Record<string, Resource>> = {
  digitalocean_droplet: droplet,
  digitalocean_firewall: firewall,
  digitalocean_project_resources: projectResources,
  digitalocean_record: record,
  digitalocean_reserved_ip: reservedIp,
  digitalocean_reserved_ip_assignment: reservedIpAssignment,
  digitalocean_ssh_key: sshKey,
  digitalocean_tag: tag,
  digitalocean_volume: volume,
  digitalocean_volume_attachment: volumeAttachment,
  digitalocean_vpc: vpc,
};
