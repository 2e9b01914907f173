// /v2/reserved_ips: addresses that stay, assigned by actions.
import { z } from "zod";
import { regionOf } from "../catalogue.ts";
import type { DropletRecord, ReservedIpRecord } from "../state.ts";
import { defaultProject, dropletOf, dropletSchema, renderAction, renderDroplet, startAction } from "./droplets.ts";
import { spendActionFault } from "./faults.ts";
import { bare, type Call, notFound, page, type Route, route, unprocessable } from "./route.ts";
import { actionAnswer, nothing, pageSchema, regionSchema } from "./schemas.ts";

const schema = z.strictObject({
  ip: z.ipv4(),
  region: regionSchema,
  droplet: dropletSchema.nullable(),
  locked: z.boolean(),
  project_id: z.string(),
});
const response = z.strictObject({ reserved_ip: schema });
/** Reserved addresses of an account as it is at first. */
export const reservedIpLimit = 20;
const actionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("assign"), droplet_id: z.int().min(1) }),
  z.object({ type: z.literal("unassign") }),
]);

function find(call: Call): ReservedIpRecord {
  const found = call.cloud.reservedIps[call.params["ip"] ?? ""];
  if (found === undefined) throw notFound();
  return found;
}

function render(call: Call, { ip, region, droplet_id }: ReservedIpRecord): z.output<typeof schema> {
  const droplet = droplet_id === null ? undefined : call.cloud.droplets[droplet_id];
  return {
    ip,
    region: regionOf(region)!,
    droplet: droplet === undefined ? null : renderDroplet(droplet),
    locked: false,
    project_id: Object.values(call.cloud.projects).find(({ urns }) => urns.includes(`do:reservedip:${ip}`))?.id ?? "",
  };
}

/** Reserved addresses lie beside those of droplets, in a range for benchmarks (RFC 2544). */
function free(call: Call): string {
  if (Object.keys(call.cloud.reservedIps).length >= reservedIpLimit) throw unprocessable("reserved IP limit reached");
  for (let index = 1; index < 250; index += 1) {
    const ip = `198.19.255.${index}`;
    if (call.cloud.reservedIps[ip] === undefined) return ip;
  }
  throw unprocessable("reserved IP limit reached");
}

/** A droplet of the same region, at rest, that has no other reserved address. */
function assignable(call: Call, { ip, region }: ReservedIpRecord, id: number): DropletRecord {
  const droplet = dropletOf(call.cloud, String(id));
  if (droplet.region !== region) throw unprocessable("The Droplet is in another region than the reserved IP.");
  if (droplet.locked) throw unprocessable("Droplet already has a pending event.");
  if (Object.values(call.cloud.reservedIps).some((one) => one.droplet_id === id && one.ip !== ip))
    throw unprocessable("The Droplet already has a reserved IP.");
  return droplet;
}

export const reservedIpRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/reserved_ips",
    request: z.union([z.object({ droplet_id: z.int().min(1) }), z.object({ region: z.string() })]),
    response,
    answer(call, body) {
      const droplet = "droplet_id" in body ? dropletOf(call.cloud, String(body.droplet_id)) : undefined;
      const region = droplet?.region ?? ("region" in body ? body.region : "");
      if (regionOf(region) === undefined) throw unprocessable("Region is not valid");
      const ip = free(call);
      const record: ReservedIpRecord = { ip, region, droplet_id: droplet?.id ?? null };
      call.cloud.reservedIps[ip] = record;
      defaultProject(call.cloud).urns.push(`do:reservedip:${ip}`);
      call.effect({ kind: "apply-network" });
      return { status: 202, body: { reserved_ip: render(call, record) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/reserved_ips",
    response: pageSchema("reserved_ips", schema),
    answer: (call) =>
      page(
        call,
        "reserved_ips",
        Object.values(call.cloud.reservedIps).map((one) => render(call, one)),
        "/v2/reserved_ips",
      ),
  }),
  bare({
    method: "GET",
    path: "/v2/reserved_ips/:ip",
    response,
    answer: (call) => ({ status: 200, body: { reserved_ip: render(call, find(call)) } }),
  }),
  bare({
    method: "DELETE",
    path: "/v2/reserved_ips/:ip",
    response: nothing,
    answer(call) {
      const { ip } = find(call);
      delete call.cloud.reservedIps[ip];
      for (const project of Object.values(call.cloud.projects))
        project.urns = project.urns.filter((urn) => urn !== `do:reservedip:${ip}`);
      call.effect({ kind: "apply-network" });
      return { status: 204 };
    },
  }),
  route({
    method: "POST",
    path: "/v2/reserved_ips/:ip/actions",
    request: actionSchema,
    response: actionAnswer,
    answer(call, body) {
      const record = find(call);
      const droplet = body.type === "assign" ? assignable(call, record, body.droplet_id) : undefined;
      if (droplet === undefined && record.droplet_id === null) throw unprocessable("The reserved IP is not assigned.");
      const type = `${body.type}_ip`;
      const action = startAction(call, {
        type,
        resource_id: 0,
        resource_type: "reserved_ip",
        region_slug: record.region,
      });
      const errored = spendActionFault(call.cloud, "errored", type) !== undefined;
      if (!errored) record.droplet_id = droplet?.id ?? null;
      call.effect({ kind: "apply-network" });
      call.effect({ kind: "finish-action", action: action.id, errored });
      return { status: 201, body: { action: renderAction(action) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/reserved_ips/:ip/actions/:action",
    response: actionAnswer,
    answer(call) {
      find(call);
      const action = call.cloud.actions[call.params["action"] ?? ""];
      if (action === undefined) throw notFound();
      return { status: 200, body: { action: renderAction(action) } };
    },
  }),
];
