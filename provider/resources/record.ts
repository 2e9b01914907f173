// digitalocean_record: one record of a domain.
import type { JsonObject } from "../api.ts";
import { type Resource, textOf } from "../resource.ts";
import type { Attributes, Value } from "../value.ts";

const dotted = new Set(["CNAME", "MX", "NS", "SRV", "CAA"]);
const numbers = ["flags", "port", "priority", "ttl", "weight"] as const;

export const record: Resource = {
  forceNew: ["domain", "type"],
  async create(api, planned) {
    const made = await api.post(`/v2/domains/${textOf(planned["domain"])}/records`, bodyOf(planned));
    return stateOf(planned, made);
  },
  async read(api, state) {
    const found = await api.find(`/v2/domains/${textOf(state["domain"])}/records/${textOf(state["id"])}`);
    return found === undefined ? null : stateOf(state, found);
  },
  async update(api, prior, planned) {
    const path = `/v2/domains/${textOf(prior["domain"])}/records/${textOf(prior["id"])}`;
    return stateOf(planned, await api.put(path, bodyOf(planned)));
  },
  async delete(api, state) {
    await api.delete(`/v2/domains/${textOf(state["domain"])}/records/${textOf(state["id"])}`);
  },
  imported(id) {
    const [domain = "", number = ""] = id.split(",");
    return { id: number, domain };
  },
};

function bodyOf(planned: Attributes): object {
  const given = numbers.flatMap((name) => (typeof planned[name] === "number" ? [[name, planned[name]] as const] : []));
  const { type, name, value, tag } = planned;
  return { type, name, data: value, ...Object.fromEntries(given), ...(typeof tag === "string" ? { tag } : {}) };
}

function stateOf(state: Attributes, answer: JsonObject): Attributes {
  const found = answer["domain_record"] as JsonObject;
  const type = textOf(found["type"]);
  const name = textOf(found["name"]);
  const domain = textOf(state["domain"]);
  const data = textOf(found["data"]);
  return {
    ...state,
    id: String(found["id"]),
    type,
    name,
    value: dotted.has(type) && data !== "@" && !data.endsWith(".") ? `${data}.` : data,
    ttl: found["ttl"] as Value,
    fqdn: name === "@" ? domain : `${name}.${domain}`,
  };
}
