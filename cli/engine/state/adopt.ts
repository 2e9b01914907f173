// tm import: takes a droplet that is there into the state, when the stack fits it; nothing at the service changes.
import { z } from "zod";
import { dropletsOf, resourceId } from "../../../constructs/terraform/members.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Cloud } from "../cloud/open.ts";
import type { EngineContext } from "../deploy/contract.ts";
import { type Account, openAccount } from "./account.ts";
import { compareAdopted, writeAdopted } from "./adopt-plan.ts";
import { findAdoptable } from "./adoptable.ts";
import type { AdoptDroplet, Adoption, AdoptParameters } from "./contract.ts";
import { resultOf, withCloud } from "./open.ts";
import { readStored, storedAddresses } from "./stored.ts";

/** See the contract. */
export const adoptDroplet: AdoptDroplet = async (parameters) => {
  refuseOtherThanDroplet(parameters, parameters.node);
  return withCloud(parameters, (cloud) => adopt(parameters, cloud));
};

async function adopt({ node, droplet: id, confirm, ...context }: AdoptParameters, { run }: Cloud) {
  const { progress, signal, loaded } = context;
  const held = storedAddresses(await readStored(run));
  refuseHeld(held, `digitalocean_droplet.${resourceId(node)}`, String(id));
  progress.phase("Looking at the droplet");
  const account = openAccount({ ...process.env, ...run.workspace.environment }, signal);
  const droplet = await findDroplet(account, id);
  const all = await findAdoptable(loaded.terraform ?? {}, node, id, account);
  const resources = all.filter(({ address }) => !held.has(address));
  progress.phase("Comparing it with the stack");
  const changes = await compareAdopted(run, resources);
  const adoption: Adoption = { node, droplet, resources, changes };
  if (confirm !== undefined && !(await confirm(adoption))) throw new TunnelMeshError("TM_DECLINED");
  progress.phase("Writing the state");
  await writeAdopted(run, resources);
  return { ...resultOf(context), ...adoption };
}

function refuseOtherThanDroplet({ loaded: { model } }: EngineContext, node: string): void {
  if (dropletsOf(model).some(({ name }) => name === node)) return;
  const other = model.members.find(({ name }) => name === node);
  throw new TunnelMeshError("TM_IMPORT_NODE", {
    detail: other === undefined ? `the stack has no node ${node}` : `${node} is on a host of kind ${other.host.kind}`,
  });
}

function refuseHeld(held: ReadonlyMap<string, string>, address: string, id: string): void {
  const before = held.get(address);
  if (before !== undefined) {
    throw new TunnelMeshError("TM_IMPORT_NODE", {
      detail: before === id ? `the state holds droplet ${id} already` : `the state holds droplet ${before} for it`,
      advice:
        before === id
          ? ["Nothing is to be done: tm plan."]
          : [`Is ${before} gone for good? Let the state see it first: tm refresh.`],
    });
  }
  const [other] = [...held].find(([known, itsId]) => known.startsWith("digitalocean_droplet.") && itsId === id) ?? [];
  if (other !== undefined) {
    throw new TunnelMeshError("TM_IMPORT_NODE", { detail: `droplet ${id} is ${other} in the state` });
  }
}

const dropletSchema = z.object({
  droplet: z
    .object({ id: z.int(), name: z.string(), region: z.object({ slug: z.string() }), size_slug: z.string() })
    .transform(({ id, name, region, size_slug: size }) => ({ id, name, region: region.slug, size })),
});

async function findDroplet(account: Account, id: number): Promise<Adoption["droplet"]> {
  const found = await account.get(`droplets/${id}`, dropletSchema);
  if (found === undefined) throw new TunnelMeshError("TM_IMPORT_DROPLET", { detail: String(id) });
  return found.droplet;
}
