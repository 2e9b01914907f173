// /v2/firewalls: rules by droplet and by tag, within the limits of the service.
import { z } from "zod";
import type { CloudState, FirewallRecord, RuleRecord } from "../state.ts";
import { bare, type Call, conflict, notFound, page, type Route, route, unprocessable } from "./route.ts";
import { nothing, pageSchema } from "./schemas.ts";

/** Limits of the service per firewall. */
const dropletLimit = 10;
const tagLimit = 5;
const ruleLimit = 50;

const peersSchema = z.object({
  addresses: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], "address is not an IP address or range"))
    .max(1000)
    .optional(),
  tags: z.array(z.string().max(255)).max(tagLimit).optional(),
  droplet_ids: z.array(z.int()).max(dropletLimit).optional(),
  load_balancer_uids: z.array(z.string()).optional(),
  kubernetes_ids: z.array(z.string()).optional(),
});
const ruleSchema = z.object({
  protocol: z.enum(["tcp", "udp", "icmp"]),
  ports: z
    .string()
    .regex(/^(|0|all|\d{1,5}(-\d{1,5})?)$/)
    .default(""),
});
const inboundSchema = ruleSchema.extend({ sources: peersSchema });
const outboundSchema = ruleSchema.extend({ destinations: peersSchema });
const bodySchema = z.object({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]{0,254}$/, "name is invalid"),
  inbound_rules: z.array(inboundSchema).default([]),
  outbound_rules: z.array(outboundSchema).default([]),
  droplet_ids: z.array(z.int()).nullable().default([]),
  tags: z.array(z.string()).nullable().default([]),
});
export const firewallSchema = z.strictObject({
  name: z.string(),
  inbound_rules: z.array(z.strictObject(inboundSchema.shape)),
  outbound_rules: z.array(z.strictObject(outboundSchema.shape)),
  droplet_ids: z.array(z.int()),
  tags: z.array(z.string()),
  id: z.uuid(),
  status: z.enum(["waiting", "succeeded", "failed"]),
  created_at: z.iso.datetime(),
  pending_changes: z.array(z.object({ droplet_id: z.int(), removing: z.boolean(), status: z.string() })),
});
const response = z.strictObject({ firewall: firewallSchema });

function render(firewall: FirewallRecord): z.output<typeof firewallSchema> {
  const rule = ({ protocol, ports }: RuleRecord) => ({ protocol, ports });
  const { id, name, created_at, droplet_ids, tags } = firewall;
  return {
    id,
    name,
    status: "succeeded",
    created_at,
    pending_changes: [],
    inbound_rules: firewall.inbound.map((one) => ({ ...rule(one), sources: one.peers })),
    outbound_rules: firewall.outbound.map((one) => ({ ...rule(one), destinations: one.peers })),
    droplet_ids: [...droplet_ids],
    tags: [...tags],
  };
}

/** "0" stands for all ports, and for what has none. */
function record(rule: z.output<typeof ruleSchema>, peers: z.output<typeof peersSchema>): RuleRecord {
  if (rule.protocol !== "icmp" && rule.ports === "") throw unprocessable("ports cannot be empty for tcp and udp");
  const ports = rule.protocol === "icmp" || rule.ports === "all" ? "0" : rule.ports;
  const given = Object.entries(peers).flatMap(([name, value]) =>
    value !== undefined && value.length > 0 ? [[name, value] as const] : [],
  );
  return { protocol: rule.protocol, ports, peers: Object.fromEntries(given) };
}

function check(
  cloud: CloudState,
  body: z.output<typeof bodySchema>,
): Pick<FirewallRecord, "inbound" | "outbound" | "droplet_ids" | "tags" | "name"> {
  const droplets = body.droplet_ids ?? [];
  const tags = body.tags ?? [];
  const inbound = body.inbound_rules.map((one) => record(one, one.sources));
  const outbound = body.outbound_rules.map((one) => record(one, one.destinations));
  if (inbound.length + outbound.length === 0) throw unprocessable("a firewall must have at least one rule");
  if (inbound.length + outbound.length > ruleLimit)
    throw unprocessable(`a firewall may have at most ${ruleLimit} rules`);
  if (droplets.length > dropletLimit) throw unprocessable(`a firewall may have at most ${dropletLimit} droplets`);
  if (tags.length > tagLimit) throw unprocessable(`a firewall may have at most ${tagLimit} tags`);
  for (const tag of [...tags, ...[...inbound, ...outbound].flatMap(({ peers }) => peers["tags"] ?? [])]) {
    if (!cloud.tags.includes(String(tag))) throw unprocessable(`tag ${tag} does not exist`);
  }
  for (const id of droplets) if (cloud.droplets[id] === undefined) throw unprocessable(`droplet ${id} does not exist`);
  return { name: body.name, inbound, outbound, droplet_ids: droplets, tags };
}

function find(call: Call): FirewallRecord {
  const firewall = call.cloud.firewalls[call.params["id"] ?? ""];
  if (firewall === undefined) throw notFound();
  return firewall;
}

export const firewallRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/firewalls",
    request: bodySchema,
    response,
    answer(call, body) {
      if (Object.values(call.cloud.firewalls).some((one) => one.name === body.name)) throw conflict("duplicate name");
      const id = call.uuid();
      const firewall: FirewallRecord = { id, created_at: call.now, ...check(call.cloud, body) };
      call.cloud.firewalls[id] = firewall;
      call.effect({ kind: "apply-network" });
      return { status: 202, body: { firewall: render(firewall) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/firewalls",
    response: pageSchema("firewalls", firewallSchema),
    answer: (call) => page(call, "firewalls", Object.values(call.cloud.firewalls).map(render), "/v2/firewalls"),
  }),
  bare({
    method: "GET",
    path: "/v2/firewalls/:id",
    response,
    answer: (call) => ({ status: 200, body: { firewall: render(find(call)) } }),
  }),
  route({
    method: "PUT",
    path: "/v2/firewalls/:id",
    request: bodySchema,
    response,
    answer(call, body) {
      const firewall = Object.assign(find(call), check(call.cloud, body));
      call.effect({ kind: "apply-network" });
      return { status: 200, body: { firewall: render(firewall) } };
    },
  }),
  bare({
    method: "DELETE",
    path: "/v2/firewalls/:id",
    response: nothing,
    answer(call) {
      delete call.cloud.firewalls[find(call).id];
      call.effect({ kind: "apply-network" });
      return { status: 204 };
    },
  }),
];
