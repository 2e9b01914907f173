// Private networks: one of the mesh's own per region, or an existing one by name.
import { DataDigitaloceanVpc } from "@cdktf/provider-digitalocean/lib/data-digitalocean-vpc/index.js";
import { Vpc } from "@cdktf/provider-digitalocean/lib/vpc/index.js";
import type { TerraformStack } from "cdktf";
import type { MeshModel } from "../model.ts";
import { type DropletMember, literal, resourceId, resourceName } from "./members.ts";

/** The VPC of a droplet: its UUID, known after apply. */
export type NetworkOf = (member: DropletMember) => string;

export function addNetworks(stack: TerraformStack, model: MeshModel, droplets: readonly DropletMember[]): NetworkOf {
  const own = new Map<string, Vpc>();
  const existing = new Map<string, DataDigitaloceanVpc>();
  for (const { host } of droplets) {
    if (host.vpc === undefined) {
      if (own.has(host.region)) continue;
      const name = resourceName(model.name, host.region, 255);
      const vpc = new Vpc(stack, `vpc-${host.region}`, { name, region: host.region });
      vpc.overrideLogicalId(resourceId(host.region));
      own.set(host.region, vpc);
    } else if (!existing.has(host.vpc)) {
      const vpc = new DataDigitaloceanVpc(stack, `vpc-named-${host.vpc}`, { name: literal(host.vpc) });
      vpc.overrideLogicalId(resourceId(host.vpc));
      existing.set(host.vpc, vpc);
    }
  }
  return ({ host }) => (host.vpc === undefined ? own.get(host.region)! : existing.get(host.vpc)!).id;
}
