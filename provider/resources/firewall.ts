// digitalocean_firewall: rules are sets, and every change replaces all of them at once.
import type { JsonObject } from "../api.ts";
import { type Resource, stringsOf, textOf } from "../resource.ts";
import type { Attributes, Value } from "../value.ts";

/** Names of one rule's peers in the schema and in the API; the schema's have "source_" or "destination_" before them. */
const peers = {
  addresses: "addresses",
  tags: "tags",
  droplet_ids: "droplet_ids",
  load_balancer_uids: "load_balancer_uids",
  kubernetes_ids: "kubernetes_ids",
} as const;

export const firewall: Resource = {
  forceNew: [],
  async create(api, planned) {
    const made = await api.post("/v2/firewalls", bodyOf(planned));
    const id = textOf((made["firewall"] as JsonObject)["id"]);
    return stateOf(planned, await api.get(`/v2/firewalls/${id}`));
  },
  async read(api, state) {
    const found = await api.find(`/v2/firewalls/${textOf(state["id"])}`);
    return found === undefined ? null : stateOf(state, found);
  },
  async update(api, prior, planned) {
    const id = textOf(prior["id"]);
    await api.put(`/v2/firewalls/${id}`, bodyOf(planned));
    return stateOf(planned, await api.get(`/v2/firewalls/${id}`));
  },
  async delete(api, state) {
    await api.delete(`/v2/firewalls/${textOf(state["id"])}`);
  },
  imported: (id) => ({ id }),
};

function bodyOf(planned: Attributes): object {
  return {
    name: planned["name"],
    inbound_rules: rulesOf(planned["inbound_rule"], "source", "sources"),
    outbound_rules: rulesOf(planned["outbound_rule"], "destination", "destinations"),
    droplet_ids: numbersOf(planned["droplet_ids"]),
    tags: stringsOf(planned["tags"]),
  };
}

function rulesOf(rules: Value | undefined, prefix: string, root: string): object[] {
  return (Array.isArray(rules) ? (rules as readonly Attributes[]) : []).map((rule) => {
    const port = textOf(rule["port_range"]);
    const given = Object.entries(peers).flatMap(([schema, api]) => {
      const value = rule[`${prefix}_${schema}`];
      return Array.isArray(value) && value.length > 0 ? [[api, value] as const] : [];
    });
    return {
      protocol: rule["protocol"],
      ...(port === "" ? {} : { ports: port }),
      [root]: Object.fromEntries(given),
    };
  });
}

function stateOf(state: Attributes, answer: JsonObject): Attributes {
  const found = answer["firewall"] as JsonObject;
  return {
    ...state,
    id: found["id"] as Value,
    name: found["name"] as Value,
    status: found["status"] as Value,
    created_at: found["created_at"] as Value,
    pending_changes: (found["pending_changes"] ?? []) as Value,
    droplet_ids: someOrNull(found["droplet_ids"] as Value),
    tags: someOrNull(found["tags"] as Value),
    inbound_rule: blocksOf(found["inbound_rules"], "source", "sources"),
    outbound_rule: blocksOf(found["outbound_rules"], "destination", "destinations"),
  };
}

function blocksOf(rules: unknown, prefix: string, root: string): readonly Attributes[] {
  return (Array.isArray(rules) ? (rules as readonly JsonObject[]) : []).map((rule) => {
    const given = (rule[root] ?? {}) as JsonObject;
    const protocol = textOf(rule["protocol"]);
    return {
      protocol,
      port_range: portsOf(protocol, textOf(rule["ports"])),
      ...Object.fromEntries(
        Object.entries(peers).map(([schema, api]) => [`${prefix}_${schema}`, someOrNull(given[api] as Value)]),
      ),
    };
  });
}

/** The service says "0" for all ports, and for what has none. */
function portsOf(protocol: string, ports: string): Value {
  if (ports === "0") return protocol === "icmp" ? null : "all";
  return ports === "" ? null : ports;
}

function someOrNull(value: Value | undefined): Value {
  return Array.isArray(value) && value.length > 0 ? value : null;
}

function numbersOf(value: Value | undefined): readonly number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}
