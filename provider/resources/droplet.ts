// digitalocean_droplet: created and waited for; size, name, tags, backups and volumes change in place by actions.
import { createHash } from "node:crypto";
import type { Api, Json, JsonObject } from "../api.ts";
import { type Resource, stringsOf, textOf, Unfinished } from "../resource.ts";
import { type Attributes, sameValue, type Value } from "../value.ts";
import { changeTags } from "./tags.ts";

interface Network {
  readonly ip_address: string;
  readonly type: string;
}

export const droplet: Resource = {
  forceNew: ["image", "region", "ssh_keys", "user_data", "monitoring", "droplet_agent", "vpc_uuid"],
  defaults: { backups: false, graceful_shutdown: false, ipv6: false, monitoring: false, resize_disk: true },
  refine(prior, planned) {
    const script = planned["user_data"];
    const hashed = typeof script === "string" && script !== prior?.["user_data"] ? sha1(script) : script;
    const sameRegion = textOf(prior?.["region"]).toLowerCase() === textOf(planned["region"]).toLowerCase();
    return {
      planned: {
        ...planned,
        ...(hashed === undefined ? {} : { user_data: hashed }),
        ...(prior !== null && sameRegion ? { region: prior["region"] ?? null } : {}),
      },
      // Addresses of IPv6 can be added, not taken away.
      forceNew: prior?.["ipv6"] === true ? ["ipv6"] : [],
    };
  },
  async create(api, planned, config) {
    const made = await api.post("/v2/droplets", {
      name: planned["name"],
      region: planned["region"],
      size: planned["size"],
      image: imageOf(textOf(planned["image"])),
      ssh_keys: stringsOf(planned["ssh_keys"]).map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
      backups: planned["backups"] === true,
      ipv6: planned["ipv6"] === true,
      private_networking: planned["private_networking"] === true,
      monitoring: planned["monitoring"] === true,
      tags: stringsOf(planned["tags"]),
      ...policyOf(planned),
      ...(typeof config["user_data"] === "string" ? { user_data: config["user_data"] } : {}),
      ...(stringsOf(planned["volume_ids"]).length > 0
        ? { volumes: stringsOf(planned["volume_ids"]).map((id) => ({ id })) }
        : {}),
      ...(typeof planned["vpc_uuid"] === "string" ? { vpc_uuid: planned["vpc_uuid"] } : {}),
      ...(typeof planned["droplet_agent"] === "boolean" ? { with_droplet_agent: planned["droplet_agent"] } : {}),
    });
    const id = textOf((made["droplet"] as JsonObject)["id"]);
    const partial: Attributes = { ...planned, id };
    let last = "";
    try {
      const look = async () => {
        const { droplet } = await api.get(`/v2/droplets/${id}`);
        const { status, locked } = droplet as JsonObject;
        last = `'${String(status)}'${locked === true ? ", locked" : ""}`;
        if (status !== "new" && status !== "active")
          throw new Error(
            `Error waiting for droplet (${id}) to become ready: unexpected state '${String(status)}', wanted target 'active'`,
          );
        return status === "active" && locked === false ? (droplet as JsonObject) : undefined;
      };
      return stateOf(partial, await api.waitFor(`droplet (${id}) to become ready`, look, { last: () => last }));
    } catch (error) {
      throw new Unfinished(partial, error);
    }
  },
  async read(api, state) {
    const found = await api.find(`/v2/droplets/${textOf(state["id"])}`);
    return found === undefined ? null : stateOf(state, found["droplet"] as JsonObject);
  },
  async update(api, prior, planned) {
    const id = textOf(prior["id"]);
    if (prior["size"] !== planned["size"])
      await resize(api, id, textOf(planned["size"]), planned["resize_disk"] === true);
    if (prior["name"] !== planned["name"]) {
      await act(api, id, { type: "rename", name: planned["name"] });
      await waitUntil(api, id, (one) => one["name"] === planned["name"]);
    }
    if (prior["backups"] !== planned["backups"]) {
      const enable = planned["backups"] === true;
      const body = enable ? { type: "enable_backups", ...policyOf(planned) } : { type: "disable_backups" };
      await api.waitForAction(await act(api, id, body));
    } else if (
      planned["backups"] === true &&
      !sameValue(prior["backup_policy"] ?? [], planned["backup_policy"] ?? [])
    ) {
      await api.waitForAction(await act(api, id, { type: "change_backup_policy", ...policyOf(planned) }));
    }
    if (prior["private_networking"] === false && planned["private_networking"] === true) {
      await act(api, id, { type: "enable_private_networking" });
      await waitUntil(api, id, (one) => stringsOf(one["features"]).includes("private_networking"));
    }
    if (prior["ipv6"] !== true && planned["ipv6"] === true) {
      await act(api, id, { type: "enable_ipv6" });
      await waitUntil(api, id, (one) => stringsOf(one["features"]).includes("ipv6"));
    }
    await changeTags(api, id, "droplet", stringsOf(prior["tags"]), stringsOf(planned["tags"]));
    await changeVolumes(api, id, textOf(planned["region"]), prior["volume_ids"], planned["volume_ids"]);
    const found = await api.get(`/v2/droplets/${id}`);
    return stateOf(planned, found["droplet"] as JsonObject);
  },
  async delete(api, state) {
    const id = textOf(state["id"]);
    const unlocked = async () => {
      const found = await api.find(`/v2/droplets/${id}`);
      return found === undefined || (found["droplet"] as JsonObject)["locked"] === false ? true : undefined;
    };
    await api.waitFor(`droplet (${id}) to be unlocked`, unlocked, { last: () => "locked" });
    if (state["graceful_shutdown"] === true) {
      await act(api, id, { type: "shutdown" });
      await waitUntil(api, id, (one) => one["status"] === "off");
    }
    for (const volume of stringsOf(state["volume_ids"])) {
      await api.waitForAction(await detach(api, volume, id, textOf(state["region"])));
    }
    await api.delete(`/v2/droplets/${id}`);
    await api.waitFor(`droplet (${id}) to be destroyed`, async () =>
      (await api.find(`/v2/droplets/${id}`)) === undefined ? true : undefined,
    );
  },
  imported: (id) => ({ id, resize_disk: true, graceful_shutdown: false }),
};

/** When backups are made: what of it was said. */
function policyOf(planned: Attributes): { readonly backup_policy?: object } {
  const [policy] = (planned["backup_policy"] ?? []) as readonly Attributes[];
  if (policy === undefined) return {};
  const given = Object.entries(policy).filter(([, value]) => value !== null);
  return { backup_policy: Object.fromEntries(given) };
}

/** A custom image and a snapshot are numbers, the rest slugs. */
function imageOf(image: string): string | number {
  return /^\d+$/.test(image) ? Number(image) : image;
}

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

function stateOf(state: Attributes, found: JsonObject): Attributes {
  const networks = found["networks"] as unknown as { readonly v4: readonly Network[]; readonly v6: readonly Network[] };
  const features = stringsOf(found["features"]);
  const size = found["size"] as JsonObject;
  const address = (family: "v4" | "v6", type: string): string =>
    networks[family].find((one) => one.type === type)?.ip_address ?? "";
  const image = found["image"] as JsonObject | null;
  return {
    ...state,
    id: String(found["id"]),
    urn: `do:droplet:${String(found["id"])}`,
    name: found["name"] as Value,
    region: (found["region"] as JsonObject)["slug"] as Value,
    size: size["slug"] as Value,
    price_monthly: size["price_monthly"] as Value,
    price_hourly: size["price_hourly"] as Value,
    // An import knows no image yet; otherwise it is never read back.
    image: state["image"] ?? (textOf(image?.["slug"]) || textOf(image?.["id"])),
    disk: found["disk"] as Value,
    vcpus: found["vcpus"] as Value,
    memory: found["memory"] as Value,
    status: found["status"] as Value,
    locked: found["locked"] as Value,
    created_at: found["created_at"] as Value,
    vpc_uuid: found["vpc_uuid"] as Value,
    ipv4_address: address("v4", "public"),
    ipv4_address_private: address("v4", "private"),
    ipv6_address: address("v6", "public").toLowerCase(),
    ipv6: features.includes("ipv6"),
    backups: features.includes("backups"),
    monitoring: features.includes("monitoring"),
    private_networking: features.includes("private_networking"),
    volume_ids: stringsOf(found["volume_ids"]),
    tags: listOrNull(state["tags"], stringsOf(found["tags"])),
  };
}

/** An empty set that was never set stays nothing. */
function listOrNull(before: Value | undefined, now: readonly string[]): Value {
  return now.length === 0 && (before ?? null) === null ? null : now;
}

function act(api: Api, id: string, body: object): Promise<JsonObject> {
  return api.post(`/v2/droplets/${id}/actions`, body);
}

function waitUntil(api: Api, id: string, holds: (droplet: JsonObject) => boolean): Promise<boolean> {
  return api.waitFor(`droplet (${id})`, async () => {
    const { droplet } = await api.get(`/v2/droplets/${id}`);
    return holds(droplet as JsonObject) ? true : undefined;
  });
}

async function resize(api: Api, id: string, size: string, disk: boolean): Promise<void> {
  await act(api, id, { type: "power_off" });
  await waitUntil(api, id, (one) => one["status"] === "off");
  await api.waitForAction(await act(api, id, { type: "resize", size, disk }));
  await act(api, id, { type: "power_on" });
  await waitUntil(api, id, (one) => one["status"] === "active");
}

async function changeVolumes(
  api: Api,
  id: string,
  region: string,
  before: Json | Value | undefined,
  after: Value | undefined,
) {
  if (after === undefined || after === null || typeof after === "symbol") return;
  const had = new Set(stringsOf(before));
  const wanted = new Set(stringsOf(after));
  for (const volume of had.difference(wanted)) await api.waitForAction(await detach(api, volume, id, region));
  for (const volume of wanted.difference(had)) {
    const body = { type: "attach", droplet_id: Number(id), region };
    await api.waitForAction(await api.post(`/v2/volumes/${volume}/actions`, body));
  }
}

function detach(api: Api, volume: string, droplet: string, region: string): Promise<JsonObject> {
  return api.post(`/v2/volumes/${volume}/actions`, { type: "detach", droplet_id: Number(droplet), region });
}
