// digitalocean_ssh_key.
import type { JsonObject } from "../api.ts";
import { type Resource, textOf } from "../resource.ts";
import type { Attributes, Value } from "../value.ts";

export const sshKey: Resource = {
  forceNew: ["public_key"],
  refine(prior, planned) {
    const same = textOf(prior?.["public_key"]).trim() === textOf(planned["public_key"]).trim();
    return { planned: prior !== null && same ? { ...planned, public_key: prior["public_key"] ?? null } : planned };
  },
  async create(api, planned) {
    const made = await api.post("/v2/account/keys", { name: planned["name"], public_key: planned["public_key"] });
    const id = textOf((made["ssh_key"] as JsonObject)["id"]);
    return stateOf(planned, await api.get(`/v2/account/keys/${id}`));
  },
  async read(api, state) {
    const found = await api.find(`/v2/account/keys/${textOf(state["id"])}`);
    return found === undefined ? null : stateOf(state, found);
  },
  async update(api, prior, planned) {
    const id = textOf(prior["id"]);
    await api.put(`/v2/account/keys/${id}`, { name: planned["name"] });
    return stateOf(planned, await api.get(`/v2/account/keys/${id}`));
  },
  async delete(api, state) {
    await api.delete(`/v2/account/keys/${textOf(state["id"])}`);
  },
  imported: (id) => ({ id }),
};

function stateOf(state: Attributes, answer: JsonObject): Attributes {
  const found = answer["ssh_key"] as JsonObject;
  return {
    ...state,
    id: String(found["id"]),
    name: found["name"] as Value,
    fingerprint: found["fingerprint"] as Value,
    public_key: found["public_key"] as Value,
  };
}
