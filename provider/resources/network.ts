// digitalocean_vpc, digitalocean_reserved_ip and its assignment.
import { type Api, ApiError, type JsonObject } from "../api.ts";
import { type Resource, textOf, Unfinished } from "../resource.ts";
import type { Attributes, Value } from "../value.ts";

export const vpc: Resource = {
  forceNew: ["region", "ip_range"],
  async create(api, planned) {
    const { name, region, description, ip_range } = planned;
    const made = await api.post("/v2/vpcs", {
      name,
      region,
      ...(typeof description === "string" ? { description } : {}),
      ...(typeof ip_range === "string" ? { ip_range } : {}),
    });
    return vpcState(planned, made);
  },
  async read(api, state) {
    const found = await api.find(`/v2/vpcs/${textOf(state["id"])}`);
    return found === undefined ? null : vpcState(state, found);
  },
  async update(api, prior, planned) {
    const { name, description } = planned;
    const body = { name, description: description ?? "", default: prior["default"] === true };
    return vpcState(planned, await api.put(`/v2/vpcs/${textOf(prior["id"])}`, body));
  },
  async delete(api, state) {
    // Members leave it a little after they are gone themselves.
    await api.waitFor(
      "VPC to be empty",
      async () => {
        try {
          await api.delete(`/v2/vpcs/${textOf(state["id"])}`);
          return true;
        } catch (error) {
          if (error instanceof ApiError && (error.status === 403 || error.status === 409)) return undefined;
          throw error;
        }
      },
      { tries: 120 },
    );
  },
  imported: (id) => ({ id }),
};

export function vpcState(state: Attributes, answer: JsonObject): Attributes {
  const found = answer["vpc"] as JsonObject;
  const description = textOf(found["description"]);
  return {
    ...state,
    id: found["id"] as Value,
    urn: found["urn"] as Value,
    name: found["name"] as Value,
    region: found["region"] as Value,
    description: description === "" && (state["description"] ?? null) === null ? null : description,
    ip_range: found["ip_range"] as Value,
    created_at: found["created_at"] as Value,
    default: found["default"] as Value,
  };
}

export const reservedIp: Resource = {
  forceNew: ["region", "ip_address"],
  async create(api, planned) {
    const made = await api.post("/v2/reserved_ips", { region: planned["region"] });
    const address = textOf((made["reserved_ip"] as JsonObject)["ip"]);
    const partial: Attributes = { ...planned, id: address, ip_address: address };
    const droplet = planned["droplet_id"];
    try {
      if (typeof droplet === "number") await assign(api, address, droplet);
      return addressState(partial, await api.get(`/v2/reserved_ips/${address}`));
    } catch (error) {
      throw new Unfinished(partial, error);
    }
  },
  async read(api, state) {
    const found = await api.find(`/v2/reserved_ips/${textOf(state["id"])}`);
    return found === undefined ? null : addressState(state, found);
  },
  async update(api, prior, planned) {
    const address = textOf(prior["id"]);
    const droplet = planned["droplet_id"];
    if (typeof droplet === "number") await assign(api, address, droplet);
    else await unassign(api, address);
    return addressState(planned, await api.get(`/v2/reserved_ips/${address}`));
  },
  async delete(api, state) {
    const address = textOf(state["id"]);
    if (typeof state["droplet_id"] === "number") {
      try {
        await unassign(api, address);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 422) throw error;
      }
    }
    await api.delete(`/v2/reserved_ips/${address}`);
  },
  imported: (id) => ({ id }),
};

function addressState(state: Attributes, answer: JsonObject): Attributes {
  const found = answer["reserved_ip"] as JsonObject;
  const droplet = found["droplet"] as JsonObject | null;
  const own = (state["droplet_id"] ?? null) !== null;
  return {
    ...state,
    id: found["ip"] as Value,
    ip_address: found["ip"] as Value,
    urn: `do:reservedip:${textOf(found["ip"])}`,
    region: ((droplet?.["region"] ?? found["region"]) as JsonObject)["slug"] as Value,
    // An assignment of its own keeps the droplet; here it counts only where it was set here.
    droplet_id: own ? ((droplet?.["id"] ?? null) as Value) : null,
  };
}

export const reservedIpAssignment: Resource = {
  forceNew: ["ip_address", "droplet_id"],
  async create(api, planned) {
    const address = textOf(planned["ip_address"]);
    const droplet = Number(planned["droplet_id"]);
    await assign(api, address, droplet);
    return { ...planned, id: `${droplet}-${address}` };
  },
  async read(api, state) {
    const found = await api.find(`/v2/reserved_ips/${textOf(state["ip_address"])}`);
    const droplet = (found?.["reserved_ip"] as JsonObject | undefined)?.["droplet"] as JsonObject | null | undefined;
    return droplet?.["id"] === state["droplet_id"] ? state : null;
  },
  async delete(api, state) {
    const address = textOf(state["ip_address"]);
    const found = await api.find(`/v2/reserved_ips/${address}`);
    const droplet = (found?.["reserved_ip"] as JsonObject | undefined)?.["droplet"] as JsonObject | null | undefined;
    if (droplet?.["id"] === state["droplet_id"]) await unassign(api, address);
  },
  imported(id) {
    const [address = "", droplet = ""] = id.split(",");
    return { id: `${droplet}-${address}`, ip_address: address, droplet_id: Number(droplet) };
  },
};

async function assign(api: Api, address: string, droplet: number): Promise<void> {
  const actions = `/v2/reserved_ips/${address}/actions`;
  await api.waitForAction(await api.post(actions, { type: "assign", droplet_id: droplet }), actions);
}

async function unassign(api: Api, address: string): Promise<void> {
  const actions = `/v2/reserved_ips/${address}/actions`;
  await api.waitForAction(await api.post(actions, { type: "unassign" }), actions);
}
