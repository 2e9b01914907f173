// /v2/droplets: made locked and new, ready when the machine answers; changed by actions.
import { z } from "zod";
import { catalogue, images, regionOf, sizeOf } from "../catalogue.ts";
import type { ActionRecord, CloudState, DropletRecord } from "../state.ts";
import { spendActionFault } from "./faults.ts";
import { bare, type Call, notFound, page, type Route, route, unprocessable } from "./route.ts";
import { type actionAnswer, imageSchema, nothing, pageSchema, regionSchema, sizeSchema } from "./schemas.ts";
import { vpcOf } from "./vpcs.ts";

const tagName = z.string().regex(/^[a-zA-Z0-9:\-_]{1,255}$/, "is not a tag");
export const policySchema = z.object({
  plan: z.enum(["daily", "weekly"]),
  weekday: z.enum(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]).optional(),
  hour: z.union([0, 4, 8, 12, 16, 20].map((hour) => z.literal(hour))).optional(),
});
const createSchema = z.object({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9.-]{1,255}$/, "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"),
  region: z.string().max(32),
  size: z.string().max(64),
  image: z.union([z.string().max(128), z.int()]),
  ssh_keys: z
    .array(z.union([z.string().max(128), z.int()]))
    .max(64)
    .default([]),
  backups: z.boolean().default(false),
  ipv6: z.boolean().default(false),
  private_networking: z.boolean().default(true),
  monitoring: z.boolean().default(false),
  backup_policy: policySchema.optional(),
  user_data: z.string().max(65_536).optional(),
  volumes: z
    .array(z.object({ id: z.uuid() }))
    .max(7)
    .default([]),
  tags: z.array(tagName).max(64).default([]),
  vpc_uuid: z.string().optional(),
  with_droplet_agent: z.boolean().optional(),
});

const networkSchema = z.strictObject({
  ip_address: z.string(),
  netmask: z.union([z.string(), z.int()]),
  gateway: z.string(),
  type: z.enum(["public", "private"]),
});
export const dropletSchema = z.strictObject({
  id: z.int().min(1),
  name: z.string(),
  status: z.enum(["new", "active", "off", "archive"]),
  locked: z.boolean(),
  memory: z.int(),
  vcpus: z.int(),
  disk: z.int(),
  region: regionSchema,
  image: imageSchema,
  size: sizeSchema,
  size_slug: z.string(),
  networks: z.strictObject({ v4: z.array(networkSchema), v6: z.array(networkSchema) }),
  features: z.array(z.string()),
  tags: z.array(z.string()),
  volume_ids: z.array(z.string()),
  backup_ids: z.array(z.int()),
  snapshot_ids: z.array(z.int()),
  next_backup_window: z.strictObject({ start: z.iso.datetime(), end: z.iso.datetime() }).nullable(),
  vpc_uuid: z.string(),
  created_at: z.iso.datetime(),
});

const linksSchema = z.strictObject({
  actions: z.array(z.strictObject({ id: z.int(), rel: z.string(), href: z.url() })),
});

export function dropletOf(cloud: CloudState, id: string | undefined): DropletRecord {
  const droplet = cloud.droplets[id ?? ""];
  if (droplet === undefined) throw notFound();
  return droplet;
}

/** A new action in progress. */
export function startAction(
  call: Call,
  action: Pick<ActionRecord, "type" | "resource_id" | "resource_type" | "region_slug">,
): ActionRecord {
  const id = call.cloud.nextId++;
  const record: ActionRecord = { id, ...action, status: "in-progress", started_at: call.now, completed_at: null };
  call.cloud.actions[id] = record;
  return record;
}

export function renderAction(action: ActionRecord): z.output<typeof actionAnswer>["action"] {
  return { ...action, region: regionOf(action.region_slug)! };
}

export function renderDroplet(droplet: DropletRecord): z.output<typeof dropletSchema> {
  const size = catalogue.sizes.find(({ slug }) => slug === droplet.size)!;
  const image = catalogue.images.find(({ slug }) => slug === droplet.image)!;
  const v4 = (address: string | null, type: "public" | "private") =>
    address === null
      ? []
      : [{ ip_address: address, netmask: "255.255.0.0", gateway: address.replace(/\.\d+\.\d+$/, ".0.1"), type }];
  return {
    id: droplet.id,
    name: droplet.name,
    status: droplet.status,
    locked: droplet.locked,
    memory: size.memory,
    vcpus: size.vcpus,
    disk: size.disk,
    region: regionOf(droplet.region)!,
    image,
    size,
    size_slug: size.slug,
    networks: {
      v4: [...v4(droplet.public_ip, "public"), ...v4(droplet.private_ip, "private")],
      v6: droplet.ipv6 === null ? [] : [{ ip_address: droplet.ipv6, netmask: 64, gateway: "fe80::1", type: "public" }],
    },
    features: droplet.features,
    tags: droplet.tags,
    volume_ids: droplet.volume_ids,
    backup_ids: [],
    snapshot_ids: [],
    next_backup_window: null,
    vpc_uuid: droplet.vpc_uuid,
    created_at: droplet.created_at,
  };
}

/** Droplets of an account as it is at first. */
export const dropletLimit = 25;
export const dropletLimitText = "creating this/these droplet(s) will exceed your droplet limit";

function create(call: Call, body: z.output<typeof createSchema>) {
  const { cloud } = call;
  if (Object.keys(cloud.droplets).length >= dropletLimit) throw unprocessable(dropletLimitText);
  if (regionOf(body.region) === undefined) throw unprocessable("You specified an invalid region for Droplet creation.");
  if (sizeOf(body.size) === undefined) throw unprocessable("You specified an invalid size for Droplet creation.");
  const image = images.find(({ slug, id }) => slug === body.image || id === body.image);
  if (image === undefined) throw unprocessable("You specified an invalid image for Droplet creation.");
  const keys = body.ssh_keys.map((wanted) => {
    const key = Object.values(cloud.keys).find(
      ({ id, fingerprint }) => id === Number(wanted) || fingerprint === wanted,
    );
    if (key === undefined) throw unprocessable(`${wanted} are invalid key identifiers for Droplet creation.`);
    return key.public_key;
  });
  const id = cloud.nextId++;
  for (const { id: volume } of body.volumes) {
    const found = cloud.volumes[volume];
    if (found === undefined) throw unprocessable(`volume ${volume} does not exist`);
    found.droplet_ids = [id];
  }
  const droplet: DropletRecord = {
    id,
    name: body.name,
    status: "new",
    locked: true,
    size: body.size,
    region: body.region,
    image: image.slug,
    created_at: call.now,
    vpc_uuid: vpcOf(call, body.region, body.vpc_uuid).id,
    features: [
      ...(body.backups ? ["backups"] : []),
      ...(body.ipv6 ? ["ipv6"] : []),
      ...(body.monitoring ? ["monitoring"] : []),
      ...(body.with_droplet_agent === false ? [] : ["droplet_agent"]),
      "private_networking",
    ],
    tags: [...new Set(body.tags)],
    volume_ids: body.volumes.map((volume) => volume.id),
    ssh_keys: keys,
    user_data: body.user_data ?? null,
    public_ip: null,
    private_ip: null,
    ipv6: null,
  };
  cloud.droplets[id] = droplet;
  cloud.tags = [...new Set([...cloud.tags, ...droplet.tags])];
  defaultProject(cloud).urns.push(`do:droplet:${id}`);
  const action = startAction(call, {
    type: "create",
    resource_id: id,
    resource_type: "droplet",
    region_slug: body.region,
  });
  const stuck = spendActionFault(cloud, "stuck", "create")?.value ?? 0;
  const errored = stuck === 0 && spendActionFault(cloud, "errored", "create") !== undefined;
  call.effect({ kind: "create-droplet", id, action: action.id, stuck, errored });
  const links = {
    actions: [{ id: action.id, rel: "create", href: `https://api.digitalocean.com/v2/actions/${action.id}` }],
  };
  return { status: 202, body: { droplet: renderDroplet(droplet), links } };
}

export function defaultProject(cloud: CloudState) {
  return Object.values(cloud.projects).find((project) => project.is_default)!;
}

export const dropletRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/droplets",
    request: createSchema,
    response: z.strictObject({ droplet: dropletSchema, links: linksSchema }),
    answer: create,
  }),
  bare({
    method: "GET",
    path: "/v2/droplets",
    response: pageSchema("droplets", dropletSchema),
    answer(call) {
      const tag = call.query.get("tag_name");
      const all = Object.values(call.cloud.droplets).filter((one) => tag === null || one.tags.includes(tag));
      return page(call, "droplets", all.map(renderDroplet), "/v2/droplets");
    },
  }),
  bare({
    method: "GET",
    path: "/v2/droplets/:id",
    response: z.strictObject({ droplet: dropletSchema }),
    answer: (call) => ({ status: 200, body: { droplet: renderDroplet(dropletOf(call.cloud, call.params["id"])) } }),
  }),
  bare({
    method: "DELETE",
    path: "/v2/droplets/:id",
    response: nothing,
    answer(call) {
      const droplet = dropletOf(call.cloud, call.params["id"]);
      if (droplet.locked) throw unprocessable("Droplet already has a pending event.");
      droplet.locked = true;
      const stuck = spendActionFault(call.cloud, "stuck", "delete")?.value ?? 0;
      call.effect({ kind: "delete-droplet", id: droplet.id, stuck });
      return { status: 204 };
    },
  }),
];
