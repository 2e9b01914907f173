// digitalocean_volume and its attachment to a droplet.
import { ApiError, type JsonObject } from "../api.ts";
import { type Resource, stringsOf, textOf } from "../resource.ts";
import type { Attributes, Value } from "../value.ts";
import { changeTags } from "./tags.ts";

export const volume: Resource = {
  forceNew: ["name", "region", "description", "snapshot_id", "initial_filesystem_type", "initial_filesystem_label"],
  refine(prior, planned) {
    const before = Number(prior?.["size"] ?? 0);
    if (before > Number(planned["size"])) {
      throw new Error("volumes `size` can only be expanded and not shrunk");
    }
    return { planned };
  },
  async create(api, planned) {
    const made = await api.post("/v2/volumes", {
      region: planned["region"],
      name: planned["name"],
      description: textOf(planned["description"]),
      size_gigabytes: planned["size"],
      snapshot_id: textOf(planned["snapshot_id"]),
      filesystem_type: textOf(planned["initial_filesystem_type"]),
      filesystem_label: textOf(planned["initial_filesystem_label"]),
      tags: stringsOf(planned["tags"]),
    });
    const id = textOf((made["volume"] as JsonObject)["id"]);
    return stateOf(planned, await api.get(`/v2/volumes/${id}`));
  },
  async read(api, state) {
    const found = await api.find(`/v2/volumes/${textOf(state["id"])}`);
    return found === undefined ? null : stateOf(state, found);
  },
  async update(api, prior, planned) {
    const id = textOf(prior["id"]);
    if (prior["size"] !== planned["size"]) {
      const body = { type: "resize", size_gigabytes: planned["size"], region: planned["region"] };
      await api.waitForAction(await api.post(`/v2/volumes/${id}/actions`, body));
    }
    await changeTags(api, id, "volume", stringsOf(prior["tags"]), stringsOf(planned["tags"]));
    return stateOf(planned, await api.get(`/v2/volumes/${id}`));
  },
  async delete(api, state) {
    await api.delete(`/v2/volumes/${textOf(state["id"])}`);
  },
  imported: (id) => ({ id }),
};

function stateOf(state: Attributes, answer: JsonObject): Attributes {
  const found = answer["volume"] as JsonObject;
  const tags = stringsOf(found["tags"]);
  return {
    ...state,
    id: found["id"] as Value,
    urn: `do:volume:${textOf(found["id"])}`,
    name: found["name"] as Value,
    region: (found["region"] as JsonObject)["slug"] as Value,
    size: found["size_gigabytes"] as Value,
    filesystem_type: found["filesystem_type"] as Value,
    filesystem_label: found["filesystem_label"] as Value,
    droplet_ids: (found["droplet_ids"] ?? []) as Value,
    tags: tags.length === 0 && (state["tags"] ?? null) === null ? null : tags,
  };
}

export const volumeAttachment: Resource = {
  forceNew: ["droplet_id", "volume_id"],
  async create(api, planned) {
    const id = textOf(planned["volume_id"]);
    const droplet = Number(planned["droplet_id"]);
    const found = (await api.get(`/v2/volumes/${id}`))["volume"] as JsonObject;
    const attached = (found["droplet_ids"] ?? []) as readonly number[];
    if (attached[0] !== droplet) {
      const body = { type: "attach", droplet_id: droplet, region: (found["region"] as JsonObject)["slug"] };
      const action = await api.waitFor(`volume (${id}) to be attachable`, () =>
        unlessPending(() => api.post(`/v2/volumes/${id}/actions`, body)),
      );
      await api.waitForAction(action);
    }
    return { ...planned, id: `${droplet}-${id}` };
  },
  async read(api, state) {
    const found = await api.find(`/v2/volumes/${textOf(state["volume_id"])}`);
    const attached = (found?.["volume"] as JsonObject | undefined)?.["droplet_ids"] as readonly number[] | undefined;
    return attached?.[0] === state["droplet_id"] ? state : null;
  },
  async delete(api, state) {
    const id = textOf(state["volume_id"]);
    const found = await api.find(`/v2/volumes/${id}`);
    if (found === undefined) return;
    const region = ((found["volume"] as JsonObject)["region"] as JsonObject)["slug"];
    const body = { type: "detach", droplet_id: state["droplet_id"], region };
    await api.waitForAction(
      await api.waitFor(`volume (${id})`, () => unlessPending(() => api.post(`/v2/volumes/${id}/actions`, body))),
    );
  },
  imported: (id) => ({ id }),
};

/** A droplet takes one event at a time: a refusal for that reason is tried again. */
async function unlessPending(call: () => Promise<JsonObject>): Promise<JsonObject | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ApiError && error.status === 422 && /pending event/.test(error.message)) return undefined;
    throw error;
  }
}
