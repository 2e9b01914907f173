// digitalocean_tag, and how tags of other resources change.
import type { Api, JsonObject } from "../api.ts";
import type { Resource } from "../resource.ts";
import { textOf } from "../resource.ts";
import type { Attributes, Value } from "../value.ts";

export const tag: Resource = {
  forceNew: ["name"],
  async create(api, planned) {
    const name = textOf(planned["name"]);
    await api.post("/v2/tags", { name });
    return stateOf(name, await api.get(`/v2/tags/${encodeURIComponent(name)}`));
  },
  async read(api, state) {
    const name = textOf(state["id"]);
    const found = await api.find(`/v2/tags/${encodeURIComponent(name)}`);
    return found === undefined ? null : stateOf(name, found);
  },
  async delete(api, state) {
    await api.delete(`/v2/tags/${encodeURIComponent(textOf(state["id"]))}`);
  },
  imported: (id) => ({ id }),
};

function stateOf(name: string, { tag }: JsonObject): Attributes {
  const resources = (tag as JsonObject)["resources"] as JsonObject;
  const count = (of: JsonObject | undefined): Value => (of?.["count"] as Value | undefined) ?? 0;
  const kind = (key: string) => resources[key] as JsonObject | undefined;
  return {
    id: name,
    name,
    total_resource_count: count(resources),
    droplets_count: count(kind("droplets")),
    images_count: count(kind("images")),
    volumes_count: count(kind("volumes")),
    volume_snapshots_count: count(kind("volume_snapshots")),
    databases_count: count(kind("databases")),
  };
}

/** Takes tags away, then adds those that are new; a tag that is not there yet is made. */
export async function changeTags(
  api: Api,
  id: string,
  type: "droplet" | "volume",
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const body = { resources: [{ resource_id: id, resource_type: type }] };
  for (const name of new Set(before).difference(new Set(after))) {
    await api.delete(`/v2/tags/${encodeURIComponent(name)}/resources`, body);
  }
  for (const name of new Set(after).difference(new Set(before))) {
    await api.post("/v2/tags", { name });
    await api.post(`/v2/tags/${encodeURIComponent(name)}/resources`, body);
  }
}
