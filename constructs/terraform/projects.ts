// Existing projects by name, and what of the mesh belongs to them.
import { DataDigitaloceanProject } from "@cdktf/provider-digitalocean/lib/data-digitalocean-project/index.js";
import { ProjectResources } from "@cdktf/provider-digitalocean/lib/project-resources/index.js";
import type { TerraformStack } from "cdktf";
import type { Machine } from "./droplet.ts";
import { literal, resourceId } from "./members.ts";

export function addProjects(stack: TerraformStack, machines: readonly Machine[]): void {
  const named = machines.filter(({ member }) => member.host.project !== undefined);
  for (const [name, members] of Map.groupBy(named, ({ member }) => member.host.project!)) {
    const id = resourceId(name);
    const project = new DataDigitaloceanProject(stack, `project-${id}`, { name: literal(name) });
    project.overrideLogicalId(id);
    const urns = members.flatMap(({ droplet, reservedIp, volume }) => [
      droplet.urn,
      ...(reservedIp === undefined ? [] : [reservedIp.urn]),
      ...(volume === undefined ? [] : [volume.urn]),
    ]);
    const resources = new ProjectResources(stack, `project-resources-${id}`, {
      project: project.id,
      resources: urns,
    });
    resources.overrideLogicalId(id);
  }
}
