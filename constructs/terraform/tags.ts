// The tag that says which mesh a machine or a volume belongs to, on whatever the stack holds.
import { Tag } from "@cdktf/provider-digitalocean/lib/tag/index.js";
import { Aspects, TerraformResource, type TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";
import type { MeshModel } from "../model.ts";

const tagged = new Set(["digitalocean_droplet", "digitalocean_volume"]);

interface Taggable {
  readonly tagsInput?: string[];
  tags: string[];
}

export function tagEverything(stack: TerraformStack, model: MeshModel): void {
  const tag = new Tag(stack, "mesh-tag", { name: `tm:${model.name}` });
  tag.overrideLogicalId("mesh");
  Aspects.of(stack).add({
    visit(node: IConstruct): void {
      if (!TerraformResource.isTerraformResource(node) || !tagged.has(node.terraformResourceType)) return;
      const resource = node as TerraformResource & Taggable;
      resource.tags = [...(resource.tagsInput ?? []), tag.name];
    },
  });
}
