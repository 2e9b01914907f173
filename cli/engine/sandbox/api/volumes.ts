// /v2/volumes: block storage, attached to one droplet at a time.
import { z } from "zod";
import { regionOf } from "../catalogue.ts";
import type { VolumeRecord } from "../state.ts";
import { defaultProject, dropletOf, renderAction, startAction } from "./droplets.ts";
import { spendActionFault } from "./faults.ts";
import { bare, type Call, conflict, notFound, page, type Route, route, unprocessable } from "./route.ts";
import { actionAnswer, nothing, pageSchema, regionSchema } from "./schemas.ts";

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
const volumeSchema = z.strictObject({
  id: z.uuid(),
  region: regionSchema,
  name: z.string(),
  size_gigabytes: z.int(),
  description: z.string(),
  droplet_ids: z.array(z.int()),
  filesystem_type: z.string(),
  filesystem_label: z.string(),
  tags: z.array(z.string()),
  created_at: z.iso.datetime(),
});
const response = z.strictObject({ volume: volumeSchema });
const region = z.string().optional();
const actionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("attach"), droplet_id: z.int(), region }),
  z.object({ type: z.literal("detach"), droplet_id: z.int(), region }),
  z.object({ type: z.literal("resize"), size_gigabytes: z.int().min(1).max(16_384), region }),
]);

function render(volume: VolumeRecord): z.output<typeof volumeSchema> {
  return { ...volume, region: regionOf(volume.region)! };
}

function find(call: Call): VolumeRecord {
  const volume = call.cloud.volumes[call.params["id"] ?? ""];
  if (volume === undefined) throw notFound();
  return volume;
}

function act(call: Call, body: z.output<typeof actionSchema>) {
  const volume = find(call);
  const change = body.type === "resize" ? grow(volume, body.size_gigabytes) : attachment(call, volume, body);
  const type = `${body.type}_volume`;
  const action = startAction(call, {
    type,
    resource_id: 0,
    resource_type: "volume",
    region_slug: volume.region,
  });
  const errored = spendActionFault(call.cloud, "errored", type) !== undefined;
  if (!errored) change();
  call.effect({ kind: "finish-action", action: action.id, errored });
  return { status: 202, body: { action: renderAction(action) } };
}

/** Checks, and gives what is then to be done. @throws ApiRefusal */
function grow(volume: VolumeRecord, size: number): () => void {
  if (size < volume.size_gigabytes) throw unprocessable("A volume can only grow.");
  return () => {
    volume.size_gigabytes = size;
  };
}

function attachment(
  call: Call,
  volume: VolumeRecord,
  { type, droplet_id }: { readonly type: "attach" | "detach"; readonly droplet_id: number },
): () => void {
  const droplet = dropletOf(call.cloud, String(droplet_id));
  if (droplet.locked) throw unprocessable("Droplet already has a pending event.");
  if (type === "detach") {
    return () => {
      volume.droplet_ids = [];
      droplet.volume_ids = droplet.volume_ids.filter((id) => id !== volume.id);
    };
  }
  if (droplet.region !== volume.region) throw unprocessable("The volume is in another region than the Droplet.");
  if (volume.droplet_ids.some((id) => id !== droplet.id)) {
    throw conflict("The volume is attached to another Droplet.");
  }
  return () => {
    volume.droplet_ids = [droplet.id];
    droplet.volume_ids = [...new Set([...droplet.volume_ids, volume.id])];
  };
}

export const volumeRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/volumes",
    request: createSchema,
    response,
    answer(call, { snapshot_id: _, ...body }) {
      if (regionOf(body.region) === undefined) throw unprocessable("region is invalid");
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
    response: pageSchema("volumes", volumeSchema),
    answer(call) {
      const name = call.query.get("name") ?? "";
      const region = call.query.get("region") ?? "";
      const all = Object.values(call.cloud.volumes).filter(
        (one) => (name === "" || one.name === name) && (region === "" || one.region === region),
      );
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
    response: nothing,
    answer(call) {
      const { id, droplet_ids } = find(call);
      if (droplet_ids.length > 0) throw conflict("failed to delete volume: it is attached");
      delete call.cloud.volumes[id];
      for (const project of Object.values(call.cloud.projects))
        project.urns = project.urns.filter((urn) => urn !== `do:volume:${id}`);
      return { status: 204 };
    },
  }),
  route({
    method: "POST",
    path: "/v2/volumes/:id/actions",
    request: actionSchema,
    response: actionAnswer,
    answer: act,
  }),
];
