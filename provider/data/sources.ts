// Data sources that the mesh's Terraform reads: SSH keys of the account, a VPC and a project by name.
import type { JsonObject } from "../api.ts";
import { type DataSource, textOf } from "../resource.ts";
import { vpcState } from "../resources/network.ts";
import type { Value } from "../value.ts";

const sshKeys: DataSource = {
  async read(api) {
    const keys = await api.list("/v2/account/keys", "ssh_keys");
    const found = keys.map(({ id, name, fingerprint, public_key }) => ({ id, name, fingerprint, public_key }) as Value);
    return { id: "ssh_keys", ssh_keys: found };
  },
};

const vpc: DataSource = {
  async read(api, config) {
    const id = textOf(config["id"]);
    if (id !== "") return vpcState({}, await api.get(`/v2/vpcs/${id}`));
    const all = await api.list("/v2/vpcs", "vpcs");
    const name = textOf(config["name"]);
    const region = textOf(config["region"]);
    const found = all.filter((one) =>
      name === "" ? one["default"] === true && one["region"] === region : one["name"] === name,
    );
    if (found.length !== 1) {
      throw new Error(
        `Error finding VPC ${name === "" ? `of region ${region}` : name}: ${found.length} of it are there`,
      );
    }
    return vpcState({}, { vpc: found[0]! });
  },
};

const project: DataSource = {
  async read(api, config) {
    const id = textOf(config["id"]);
    const name = textOf(config["name"]);
    const found =
      id !== "" ? await one(`/v2/projects/${id}`) : name === "" ? await one("/v2/projects/default") : await named();
    const urns = (await api.list(`/v2/projects/${textOf(found["id"])}/resources`, "resources")).map(({ urn }) =>
      textOf(urn),
    );
    const {
      id: projectId,
      owner_uuid,
      owner_id,
      description,
      purpose,
      environment,
      is_default,
      created_at,
      updated_at,
    } = found;
    return {
      ...({ owner_uuid, owner_id, description, purpose, environment, is_default, created_at, updated_at } as Record<
        string,
        Value
      >),
      id: projectId as Value,
      name: found["name"] as Value,
      resources: urns,
    };

    async function one(path: string): Promise<JsonObject> {
      return (await api.get(path))["project"] as JsonObject;
    }
    async function named(): Promise<JsonObject> {
      const matching = (await api.list("/v2/projects", "projects")).filter((candidate) => candidate["name"] === name);
      if (matching.length !== 1) throw new Error(`Error finding project ${name}: ${matching.length} of it are there`);
      return matching[0]!;
    }
  },
};

export const dataSources: Readonly<Record<string, DataSource>> = {
  digitalocean_ssh_keys: sshKeys,
  digitalocean_vpc: vpc,
  digitalocean_project: project,
};
