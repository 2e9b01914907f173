// From the mesh model to Terraform JSON: the one door to cdktf, and the second entry of the package (tunnelmesh/terraform).
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DigitaloceanProvider } from "@cdktf/provider-digitalocean/lib/provider/index.js";
import { App, TerraformStack as CdktfStack, TerraformVariable } from "cdktf";
import type { Mesh, MeshRecord } from "./mesh.ts";
import type { MeshModel } from "./model.ts";
import { recordOf } from "./record.ts";
import { addAddresses } from "./terraform/addresses.ts";
import { setBackend, withoutPlaces } from "./terraform/backend.ts";
import { ciLoginsVariable } from "./terraform/bootstrap.ts";
import { addDroplet } from "./terraform/droplet.ts";
import { addFirewalls } from "./terraform/firewalls.ts";
import { dropletsOf } from "./terraform/members.ts";
import { addMoves } from "./terraform/moves.ts";
import { addNetworks } from "./terraform/networks.ts";
import { addProjects } from "./terraform/projects.ts";
import { addSshKeys } from "./terraform/ssh-keys.ts";
import { tagEverything } from "./terraform/tags.ts";

/**
 * What an addition is given: the mesh's Terraform stack. It is cdktf's own, so resources of cdktf take it as their scope; only what
 * can be said without cdktf's types is declared here, as a project need not have them.
 */
export interface TerraformStack {
  /** Sets a value in the JSON, by its path: `resource.digitalocean_domain.office.name`. */
  addOverride(path: string, value: unknown): void;
  toString(): string;
}

/** The content of cdk.tf.json. */
export type TerraformJson = Readonly<Record<string, unknown>>;

interface Addition {
  add(stack: TerraformStack): void;
}

/** Adds resources of one's own to the mesh's Terraform stack; its parameter may also be declared as cdktf's TerraformStack. */
export type TerraformAddition = Addition["add"];

/**
 * Reaches the Terraform stack of `mesh` after everything of its own is in it, for resources that TunnelMesh does not know.
 * A stack without droplets that does this is deployed with Terraform too.
 */
export function terraform(mesh: Mesh, add: TerraformAddition): void {
  const record = recordOf<MeshRecord>(mesh, "mesh");
  if (record === undefined) throw new TypeError("terraform(mesh, …) takes a Mesh");
  record.terraform.push(add as (stack: unknown) => void);
}

/**
 * The Terraform JSON of a mesh: the same bytes for the same model, whatever the machine. Ids of resources come from names of
 * members, regions, roles and keys alone. Undefined where the model has nothing for Terraform to do.
 */
export function terraformOf(
  model: MeshModel,
  additions: readonly ((stack: unknown) => void)[] = [],
): TerraformJson | undefined {
  const droplets = dropletsOf(model);
  if (droplets.length === 0 && additions.length === 0) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), "tunnelmesh-synth-"));
  try {
    const app = new App({ outdir: folder, stackTraces: false });
    const stack = new CdktfStack(app, model.name);
    setBackend(stack, model);
    new DigitaloceanProvider(stack, "digitalocean");
    tagEverything(stack, model);
    const networks = addNetworks(stack, model, droplets);
    const keys = addSshKeys(stack, model);
    const firewalls = addFirewalls(stack, model, droplets);
    const ciLogins = new TerraformVariable(stack, ciLoginsVariable, { type: "string", default: "" }).stringValue;
    const around = { networks, keys, firewalls, ciLogins };
    const machines = droplets.map((member) => addDroplet(stack, model, member, around));
    addAddresses(stack, machines);
    addProjects(stack, machines);
    addMoves(stack, model, machines);
    for (const add of additions) add(stack);
    app.synth();
    const file = path.join(folder, "stacks", model.name, "cdk.tf.json");
    return portable(JSON.parse(readFileSync(file, "utf8")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Leaves out what differs between machines and releases of cdktf: its note about itself, and places of this machine. */
function portable(json: Record<string, unknown>): TerraformJson {
  const { "//": _, terraform: settings, ...rest } = json;
  const { backend, ...others } = settings as { readonly backend?: Readonly<Record<string, unknown>> };
  return { ...rest, terraform: { ...others, ...(backend === undefined ? {} : { backend: withoutPlaces(backend) }) } };
}
