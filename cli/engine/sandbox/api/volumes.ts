// /v2/volumes: block storage, attached to one droplet at a time.
import { z } from "zod";
import { regions } from "../catalogue.ts";
import type { VolumeRecord } from "../state.ts";
import { defaultProject, dropletOf, renderAction, startAction } from "./droplets.ts";
import { bare, type Call, conflict, notFound, page, type Route, route, unprocessable } from "./route.ts";

const createSchema = z.object({
  region: z.string(),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/, "Name must start with a letter, and have lowercase letters, numbers and hyphens"),
  description: z.string().max(1024).default(""),
  size_gigabytes: z.int().min(1).max(16_384),
  snapshot_id: z.string().default(""),
  filesystem_type: z.enum(["", "ext4", "xfs"]).default(""),
  filesystem_label: z.string().max(16).default(""),
  tags: z.array(z.string()).nullable().default([]),
});
const volumeSchema = z.object({
  id: z.uuid(),
  region: z.object({ slug: z.string() }),
  name: z.string(),
  size_gigabytes: z.int(),
  description: z.string(),
  droplet_ids: z.array(z.int()),
  filesystem_type: z.string(),
  filesystem_label: z.string(),
  tags: z.array(z.string()),
  created_at: z.string(),
});
const response = z.object({ volume: volumeSchema });
const region = z.string().optional();
const actionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("attach"), droplet_id: z.int(), region }),
  z.object({ type: z.literal("detach"), droplet_id: z.int(), region }),
  z.object({ type: z.literal("resize"), size_gigabytes: z.int().min(1).max(16_384), region }),
]);

function render(volume: VolumeRecord): z.output<typeof volumeSchema> {
  return { ...volume, region: { slug: volume.region } };
}

function find(call: Call): VolumeRecord {
  const volume = call.cloud.volumes[call.params["id"] ?? ""];
  if (volume === undefined) throw notFound();
  return volume;
}

function act(call: Call, body: z.output<typeof actionSchema>) {
  const volume = find(call);
  if (body.type === "resize") {
    if (body.size_gigabytes < volume.size_gigabytes) throw unprocessable("A volume can only grow.");
    volume.size_gigabytes = body.size_gigabytes;
  } else {
    const droplet = dropletOf(call.cloud, String(body.droplet_id));
    if (droplet.locked) throw unprocessable("Droplet already has a pending event.");
    if (body.type === "attach") {
      if (droplet.region !== volume.region) throw unprocessable("The volume is in another region than the Droplet.");
      if (volume.droplet_ids.some((id) => id !== droplet.id))
        throw conflict("The volume is attached to another Droplet.");
      volume.droplet_ids = [droplet.id];
      droplet.volume_ids = [...new Set([...droplet.volume_ids, volume.id])];
    } else {
      volume.droplet_ids = [];
      droplet.volume_ids = droplet.volume_ids.filter((id) => id !== volume.id);
    }
  }
  const action = startAction(call, {
    type: `${body.type}_volume`,
    resource_id: 0,
    resource_type: "volume",
    region_slug: volume.region,
  });
  call.effect({ kind: "finish-action", action: action.id });
  return { status: 202, body: { action: renderAction(action) } };
}

export const volumeRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/volumes",
    request: createSchema,
    response,
    answer(call, { snapshot_id: _, ...body }) {
      if (!regions.some(({ slug }) => slug === body.region)) throw unprocessable("region is invalid");
      if (Object.values(call.cloud.volumes).some((one) => one.name === body.name && one.region === body.region)) {
        throw conflict("a volume with that name already exists in this region");
      }
      const id = call.uuid();
      const volume: VolumeRecord = { id, ...body, created_at: call.now, droplet_ids: [], tags: body.tags ?? [] };
      call.cloud.volumes[id] = volume;
      call.cloud.tags = [...new Set([...call.cloud.tags, ...volume.tags])];
      defaultProject(call.cloud).urns.push(`do:volume:${id}`);
      return { status: 201, body: { volume: render(volume) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/volumes",
    answer(call) {
      const name = call.query.get("name");
      const all = Object.values(call.cloud.volumes).filter((one) => name === null || one.name === name);
      return page(call, "volumes", all.map(render), "/v2/volumes");
    },
  }),
  bare({
    method: "GET",
    path: "/v2/volumes/:id",
    response,
    answer: (call) => ({ status: 200, body: { volume: render(find(call)) } }),
  }),
  bare({
    method: "DELETE",
    path: "/v2/volumes/:id",
    answer(call) {
      const { id, droplet_ids } = find(call);
      if (droplet_ids.length > 0) throw conflict("failed to delete volume: it is attached");
      delete call.cloud.volumes[id];
      for (const project of Object.values(call.cloud.projects))
        project.urns = project.urns.filter((urn) => urn !== `do:volume:${id}`);
      return { status: 204 };
    },
  }),
  route({ method: "POST", path: "/v2/volumes/:id/actions", request: actionSchema, answer: act }),
];
