// /v2/vpcs: a default one per region as soon as it is needed, and those that are made.
import { z } from "zod";
import { regions } from "../catalogue.ts";
import type { CloudState, VpcRecord } from "../state.ts";
import { bare, type Call, conflict, notFound, page, type Route, route, unprocessable } from "./route.ts";
import { nothing, pageSchema } from "./schemas.ts";

const name = z
  .string()
  .regex(/^[a-zA-Z0-9._-]{1,255}$/, "Name can only contain alphanumeric characters, dashes, and periods");
const createSchema = z.object({
  name,
  region: z.string(),
  description: z.string().max(255).default(""),
  ip_range: z.cidrv4().optional(),
});
const changeSchema = z.object({
  name,
  description: z.string().max(255).default(""),
  default: z.boolean().default(false),
});
const vpcSchema = z.strictObject({
  id: z.uuid(),
  urn: z.string(),
  name: z.string(),
  description: z.string(),
  region: z.string(),
  ip_range: z.string(),
  created_at: z.iso.datetime(),
  default: z.boolean(),
});
const response = z.strictObject({ vpc: vpcSchema });

function render(vpc: VpcRecord): z.output<typeof vpcSchema> {
  return { ...vpc, urn: `do:vpc:${vpc.id}` };
}

/** The VPC asked for, which must be of the region, or the region's default. */
export function vpcOf(call: Call, region: string, wanted: string | undefined): VpcRecord {
  if (wanted !== undefined) {
    const vpc = call.cloud.vpcs[wanted];
    if (vpc === undefined || vpc.region !== region) throw unprocessable("VPC does not exist in this region.");
    return vpc;
  }
  const standing = Object.values(call.cloud.vpcs).find((one) => one.default && one.region === region);
  return standing ?? add(call, { name: `default-${region}`, region, description: "", default: true });
}

function add(
  call: Call,
  of: Pick<VpcRecord, "name" | "region" | "description" | "default"> & { ip_range?: string | undefined },
): VpcRecord {
  const taken = new Set(Object.values(call.cloud.vpcs).map((one) => one.ip_range));
  const free = Array.from({ length: 200 }, (_, index) => `10.${index + 10}.0.0/20`).find((range) => !taken.has(range));
  if (of.ip_range !== undefined && taken.has(of.ip_range)) {
    throw unprocessable("This range/size overlaps with another VPC network in your account.");
  }
  const id = call.uuid();
  const vpc: VpcRecord = { id, ...of, ip_range: of.ip_range ?? free!, created_at: call.now };
  call.cloud.vpcs[id] = vpc;
  return vpc;
}

function find(cloud: CloudState, id: string | undefined): VpcRecord {
  const vpc = cloud.vpcs[id ?? ""];
  if (vpc === undefined) throw notFound();
  return vpc;
}

export const vpcRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/vpcs",
    request: createSchema,
    response,
    answer(call, body) {
      if (!regions.some(({ slug }) => slug === body.region)) throw unprocessable("Region is invalid.");
      if (Object.values(call.cloud.vpcs).some((one) => one.name === body.name))
        throw conflict("A VPC with the same name already exists in your account.");
      return { status: 201, body: { vpc: render(add(call, { ...body, default: false })) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/vpcs",
    response: pageSchema("vpcs", vpcSchema),
    answer: (call) => page(call, "vpcs", Object.values(call.cloud.vpcs).map(render), "/v2/vpcs"),
  }),
  bare({
    method: "GET",
    path: "/v2/vpcs/:id",
    response,
    answer: (call) => ({ status: 200, body: { vpc: render(find(call.cloud, call.params["id"])) } }),
  }),
  route({
    method: "PUT",
    path: "/v2/vpcs/:id",
    request: changeSchema,
    response,
    answer(call, body) {
      const vpc = Object.assign(find(call.cloud, call.params["id"]), body);
      return { status: 200, body: { vpc: render(vpc) } };
    },
  }),
  bare({
    method: "DELETE",
    path: "/v2/vpcs/:id",
    response: nothing,
    answer(call) {
      const { id, default: standing } = find(call.cloud, call.params["id"]);
      if (standing) throw conflict("Can not delete a default VPC.");
      if (Object.values(call.cloud.droplets).some((one) => one.vpc_uuid === id))
        throw conflict("Can not delete VPC with members.");
      delete call.cloud.vpcs[id];
      return { status: 204 };
    },
  }),
];
