// Plans a stack's cloud resources and refuses what would cost a host: nothing is changed by it.
import { randomBytes } from "node:crypto";
import { ciLoginsVariable, nonceVariable } from "../../../constructs/terraform/bootstrap.ts";
import { dropletsOf, resourceId } from "../../../constructs/terraform/members.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { DeployParameters, EngineContext, PlannedResource } from "../deploy/contract.ts";
import { plan, readJson } from "../terraform/run.ts";
import { readShownPlan } from "./changes.ts";
import { type DropletAddresses, type Nonces, readNonces } from "./droplet-file.ts";
import { explaining } from "./failure.ts";
import type { Cloud } from "./open.ts";
import { refuseReplacements, type UnnamedReplacement, unnamedReplacements } from "./safety.ts";
import { showLockWait } from "./show-events.ts";

export interface CloudPlan {
  /** What Terraform saved, in the workspace; it holds secrets, and goes with the workspace. */
  readonly file: string;
  readonly changes: readonly PlannedResource[];
  /** Those of `changes` that a deploy refuses; none in a plan that is not only to be shown. */
  readonly unnamed: readonly UnnamedReplacement[];
  /** Where droplets are before it is carried out, by member name. */
  readonly before: Readonly<Record<string, DropletAddresses>>;
  /** Of each droplet that it creates, by member name. */
  readonly nonces: Nonces;
  /** Values of Terraform variables that it was made with. */
  readonly variables: Readonly<Record<string, string>>;
  /** The whole document of `terraform show -json`: it holds secrets in clear, and is shown to nobody as it is. */
  readonly shown: unknown;
}

export interface CloudPlanOptions extends Pick<DeployParameters, "replace" | "lockTimeout"> {
  /** Names of members that the mesh has. */
  readonly members: ReadonlySet<string>;
  /** Lines of authorized_keys that let CI log in to new droplets. */
  readonly ciLogins?: readonly string[];
  /** Nobody will carry it out: replacements that --replace does not name are told, not refused. */
  readonly onlyShown?: boolean;
  /** Further arguments of `terraform plan`, such as -lock=false. */
  readonly arguments?: readonly string[];
}

/** How long a run waits for another's lock, as Terraform takes it. */
export const defaultLockTimeout = "60s";

/**
 * Plans. Droplets that may be created get a nonce each; it is in the plan, and `applyCloud` keeps it before anything is made.
 * @throws TunnelMeshError TM_CLOUD_REPLACES, TM_CLOUD_PROTECTED, TM_DEPLOY_UNKNOWN_NODE, TM_TERRAFORM_…
 */
export async function planCloud(context: EngineContext, cloud: Cloud, options: CloudPlanOptions): Promise<CloudPlan> {
  const { model } = context.loaded;
  const { replace = [], members, lockTimeout = defaultLockTimeout } = options;
  const droplets = dropletsOf(model).map(({ name }) => name);
  const unknown = replace.find((name) => !droplets.includes(name));
  if (unknown !== undefined) {
    throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: `--replace ${unknown}: no droplet of this stack` });
  }
  const kept = await readNonces(context);
  const all = Object.fromEntries(droplets.map((name) => [name, kept[name] ?? randomBytes(32).toString("hex")]));
  const variables = {
    ...Object.fromEntries(Object.entries(all).map(([name, nonce]) => [nonceVariable(name), nonce])),
    [ciLoginsVariable]: (options.ciLogins ?? []).join("\n"),
  };
  const given = [
    `-lock-timeout=${lockTimeout}`,
    ...replace.map((name) => `-replace=digitalocean_droplet.${resourceId(name)}`),
    ...(options.arguments ?? []),
  ];
  const onEvent = showLockWait(() => context.progress.row("terraform"), "planning");
  const { file } = await explaining(model, () => plan(cloud.run, { variables, arguments: given }, onEvent));
  const shown = await readJson(cloud.run, ["show", "-json", file]);
  const { changes, before } = readShownPlan(model, shown);
  const question = { model, changes, members, replace };
  if (options.onlyShown !== true) refuseReplacements(question);
  const made = changes.flatMap(({ type, action, member }) =>
    type === "digitalocean_droplet" && (action === "create" || action === "replace") && member !== undefined
      ? [member]
      : [],
  );
  const nonces = Object.fromEntries(made.map((name) => [name, all[name] ?? ""]));
  return { file, changes, unnamed: unnamedReplacements(question), before, nonces, variables, shown };
}
