// /v2/droplets/ID/actions: what changes a droplet in place, one event at a time.
import { z } from "zod";
import { sizeOf } from "../catalogue.ts";
import { dropletOf, policySchema, renderAction, startAction } from "./droplets.ts";
import { spendActionFault } from "./faults.ts";
import { bare, type Call, page, type Route, route, unprocessable } from "./route.ts";
import { actionAnswer, pageSchema, actionSchema as renderedAction } from "./schemas.ts";

const actionSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.enum([
      "power_off",
      "power_on",
      "shutdown",
      "reboot",
      "power_cycle",
      "disable_backups",
      "enable_ipv6",
      "enable_private_networking",
    ]),
  }),
  z.object({ type: z.literal("enable_backups"), backup_policy: policySchema.optional() }),
  z.object({ type: z.literal("change_backup_policy"), backup_policy: policySchema }),
  z.object({ type: z.literal("resize"), size: z.string(), disk: z.boolean().default(false) }),
  z.object({ type: z.literal("rename"), name: z.string().regex(/^[a-zA-Z0-9.-]{1,255}$/) }),
]);

function act(call: Call, body: z.output<typeof actionSchema>) {
  const droplet = dropletOf(call.cloud, call.params["id"]);
  if (droplet.locked) throw unprocessable("Droplet already has a pending event.");
  const { id, region } = droplet;
  const action = startAction(call, { type: body.type, resource_id: id, resource_type: "droplet", region_slug: region });
  if (spendActionFault(call.cloud, "errored", body.type) !== undefined) {
    call.effect({ kind: "finish-action", action: action.id, errored: true });
    return { status: 201, body: { action: renderAction(action) } };
  }
  if (body.type === "resize") {
    if (droplet.status !== "off") throw unprocessable("Droplet must be powered off to be resized.");
    if (sizeOf(body.size) === undefined) throw unprocessable("Size is not available.");
    droplet.size = body.size;
  }
  if (body.type === "change_backup_policy" && !droplet.features.includes("backups"))
    throw unprocessable("Backups are not enabled for this Droplet.");
  if (body.type === "rename") droplet.name = body.name;
  if (body.type === "enable_ipv6" && !droplet.features.includes("ipv6")) droplet.features.push("ipv6");
  if (body.type === "enable_backups" && !droplet.features.includes("backups")) droplet.features.push("backups");
  if (body.type === "disable_backups") droplet.features = droplet.features.filter((one) => one !== "backups");
  call.effect({ kind: "droplet-action", id, action: action.id, type: body.type });
  return { status: 201, body: { action: renderAction(action) } };
}

export const dropletActionRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/droplets/:id/actions",
    request: actionSchema,
    response: actionAnswer,
    answer: act,
  }),
  bare({
    method: "GET",
    path: "/v2/droplets/:id/actions",
    response: pageSchema("actions", renderedAction),
    answer(call) {
      const { id } = dropletOf(call.cloud, call.params["id"]);
      const all = Object.values(call.cloud.actions).filter(
        (one) => one.resource_type === "droplet" && one.resource_id === id,
      );
      return page(call, "actions", all.toReversed().map(renderAction), `/v2/droplets/${id}/actions`);
    },
  }),
];
