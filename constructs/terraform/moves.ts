// Renames in place: a member that was formerly something else keeps its resources (Terraform's moved blocks).
import type { TerraformStack } from "cdktf";
import type { MeshModel } from "../model.ts";
import type { Machine } from "./droplet.ts";
import { resourceId } from "./members.ts";

const named = [
  "digitalocean_droplet",
  "digitalocean_reserved_ip",
  "digitalocean_reserved_ip_assignment",
  "digitalocean_record",
  "digitalocean_volume",
] as const;

export function addMoves(stack: TerraformStack, model: MeshModel, machines: readonly Machine[]): void {
  const moves = model.members.flatMap(({ name, formerly, host }) => {
    if (formerly === undefined || host.kind !== "droplet") return [];
    return named
      .filter((type) => machines.some(({ member }) => member.name === name && has(type, member.host)))
      .map((type) => ({ from: `${type}.${resourceId(formerly)}`, to: `${type}.${resourceId(name)}` }));
  });
  if (moves.length > 0) stack.addOverride("moved", moves);
}

function has(type: (typeof named)[number], host: Machine["member"]["host"]): boolean {
  if (type === "digitalocean_droplet") return true;
  if (type === "digitalocean_record") return host.dns !== undefined;
  return type === "digitalocean_volume" ? host.volume !== undefined : host.reservedIp;
}
