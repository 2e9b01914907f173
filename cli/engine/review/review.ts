// Makes the reviewed plan out of Terraform's plan, the mesh model and the plan of hosts and members.
import type { MeshModel } from "../../../constructs/model.ts";
import type { MeshPlan } from "../deploy/contract.ts";
import { accessOf } from "./access.ts";
import { attributesOf, markedSecrets } from "./attributes.ts";
import { actionOf, changesOf } from "./changes.ts";
import { costOf } from "./cost.ts";
import { digestOf } from "./digest.ts";
import { findingsOf } from "./findings.ts";
import { ownersOf } from "./owners.ts";
import type { Json, Plan } from "./plan.ts";
import { scrubPlan } from "./scrub.ts";
import { createRedactor, secretsOfEnvironment } from "./secrets.ts";
import { readShownPlan, type ShownChange, type ShownPlan } from "./show.ts";
import { describeChange, plain } from "./words.ts";

export interface ReviewParameters {
  readonly model: MeshModel;
  /** The stack's Terraform JSON, and what `terraform show -json` says of its plan; absent where there is nothing for Terraform. */
  readonly terraform?: Readonly<Record<string, unknown>> | undefined;
  readonly shown?: unknown;
  readonly result: MeshPlan;
  /** Values under names such as …TOKEN are taken out of everything. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Further secrets that must not show. */
  readonly secrets?: readonly string[];
  /** Unix milliseconds. */
  readonly now: number;
  readonly commit?: string | undefined;
}

/** @throws TunnelMeshError TM_TERRAFORM_FAILED when `shown` has a form that is not known */
export function reviewPlan(parameters: ReviewParameters): Plan {
  const { model, result } = parameters;
  const shown = parameters.shown === undefined ? undefined : readShownPlan(parameters.shown);
  const resources = shown?.resource_changes ?? [];
  const owners = ownersOf(model, parameters.terraform, resources);
  const redactor = createRedactor([
    ...secretsOfEnvironment(parameters.environment),
    ...(parameters.secrets ?? []),
    ...secretsOfShown(shown),
  ]);
  // In the digest stand no secrets either: a short one could be guessed from it.
  const changes = scrubPlan(changesOf(model, owners, resources), redactor).map((change) => ({
    ...change,
    words: describeChange(change, plain),
  }));
  const nodes = new Map(resources.map((resource) => [resource.address, owners.nodeOf(resource)]));
  const members = membersOf(result);
  const checks = (shown?.checks ?? [])
    .filter(({ status }) => status !== "pass" && status !== "unknown")
    .map(({ address, status }) => ({ address: address.to_display, status }));
  const summary = summarize(resources, result, members);
  const outputs = outputsOf(shown);
  const plan: Omit<Plan, "digest" | "changes"> = {
    schema: "tm.plan/v1",
    stack: model.stack,
    stage: model.stage,
    mesh: result.mesh,
    ...(result.meshId === undefined ? {} : { meshId: result.meshId }),
    createdAt: new Date(parameters.now).toISOString(),
    ...(parameters.commit === undefined ? {} : { commit: parameters.commit }),
    release: result.release,
    ...versionsOf(shown),
    summary,
    risk: riskOf(summary, members.removed.length, outputs.length),
    outputs,
    drift: (shown?.resource_drift ?? []).flatMap((resource) => {
      const node = owners.nodeOf(resource);
      const paths = attributesOf(resource.type, resource.change).map(({ path }) => path);
      const named = { address: resource.address, ...(node === undefined ? {} : { node }) };
      return isOwnCount(resource.type, paths) ? [] : [{ ...named, action: resource.change.actions.join("-"), paths }];
    }),
    checks,
    ...(shown === undefined ? {} : { cost: costOf(resources) }),
    members,
    hosts: result.hosts.map(({ name, role, basis, steps, notes, error }) => ({
      ...{ name, role, basis },
      steps: steps.map(({ id, title }) => ({ id, title })),
      notes: [...(notes ?? [])],
      ...(error === undefined ? {} : { error: { ...error, advice: [...error.advice] } }),
    })),
    upgrade: (result.upgrade ?? []).map(({ step, hosts }) => ({ step, hosts: [...hosts] })),
    access: accessOf(model),
    findings: findingsOf(resources, changes, (address) => nodes.get(address), { members, checks }),
  };
  return { ...scrubPlan(plan, redactor), changes, digest: digestOf({ model, changes, release: result.release }) };
}

/** A tag counts what bears it: that a deploy changes the count is no change by others. */
function isOwnCount(type: string, paths: readonly string[]): boolean {
  return type === "digitalocean_tag" && paths.every((path) => path.endsWith("_count"));
}

function summarize(
  resources: ShownPlan["resource_changes"],
  result: MeshPlan,
  members: Plan["members"],
): Plan["summary"] {
  const actions = resources.map(actionOf);
  const number = (action: string): number => actions.filter((one) => one === action).length;
  return {
    create: number("create"),
    update: number("update"),
    replace: number("replace"),
    delete: number("delete"),
    import: resources.filter(({ change }) => change.importing !== undefined && change.importing !== null).length,
    move: resources.filter(({ address, previous_address: previous }) => previous !== undefined && previous !== address)
      .length,
    forget: number("forget"),
    read: resources.filter(({ change }) => change.actions.includes("read")).length,
    noop: resources.filter(({ mode }, index) => mode === "managed" && actions[index] === undefined).length,
    steps: result.hosts.reduce((sum, { steps }) => sum + steps.length, 0),
    members: members.added.length + members.removed.length + members.renamed.length + members.changed.length,
  };
}

function riskOf(summary: Plan["summary"], removed: number, outputs: number): Plan["risk"] {
  if (summary.delete + summary.replace + summary.forget + removed > 0) return "destructive";
  const { create, update, import: imports, move, steps, members } = summary;
  return create + update + imports + move + steps + members + outputs > 0 ? "low" : "none";
}

function membersOf({ members }: MeshPlan): Plan["members"] {
  return {
    added: [...members.added],
    removed: [...members.removed],
    renamed: members.renamed.map(({ from, to }) => ({ from, to })),
    changed: [...members.changed],
    unchanged: [...members.unchanged],
  };
}

function versionsOf(shown: ShownPlan | undefined): { terraform?: string; provider?: string } {
  if (shown === undefined) return {};
  const provider = shown.configuration.provider_config["digitalocean"];
  return {
    terraform: shown.terraform_version,
    ...(provider?.version_constraint === undefined
      ? {}
      : { provider: `${provider.full_name ?? "digitalocean"} ${provider.version_constraint}` }),
  };
}

function outputsOf(shown: ShownPlan | undefined): Plan["outputs"] {
  return Object.entries(shown?.output_changes ?? {})
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, change]) => {
      const [action] = change.actions;
      if (action !== "create" && action !== "update" && action !== "delete") return [];
      return [{ name, action, ...outputValues(name, change) }];
    });
}

/** An output is looked at as an attribute of its own name, so that a telling name keeps it back. */
function outputValues(name: string, change: ShownChange): Omit<Plan["outputs"][number], "name" | "action"> {
  const attributes = attributesOf("output", underName(name, change));
  const fields = (side: "before" | "after"): Json => {
    const shown = attributes.filter((attribute) => attribute[side] !== null);
    if (shown.length === 1 && shown[0]?.path === name) return shown[0][side];
    return shown.length === 0
      ? null
      : Object.fromEntries(shown.map((attribute) => [attribute.path.slice(name.length + 1), attribute[side]]));
  };
  return {
    before: fields("before"),
    after: fields("after"),
    unknown: attributes.some(({ unknown }) => unknown),
    sensitive: attributes.some(({ sensitive }) => sensitive),
  };
}

function underName(name: string, change: ShownChange): ShownChange {
  const wrap = (value: unknown): unknown => ({ [name]: value });
  return {
    actions: change.actions,
    before: wrap(change.before),
    after: wrap(change.after),
    after_unknown: wrap(change.after_unknown),
    before_sensitive: wrap(change.before_sensitive),
    after_sensitive: wrap(change.after_sensitive),
  };
}

/** Values that Terraform knows to be secret, wherever they stand. */
function secretsOfShown(shown: ShownPlan | undefined): readonly string[] {
  if (shown === undefined) return [];
  const variables = Object.entries(shown.configuration.root_module.variables)
    .filter(([, { sensitive }]) => sensitive === true)
    .flatMap(([name]) => {
      const value = shown.variables?.[name]?.value;
      return typeof value === "string" ? [value] : [];
    });
  const resources = [...shown.resource_changes, ...shown.resource_drift];
  const outputs = Object.entries(shown.output_changes);
  return [
    ...variables,
    ...resources.flatMap(({ type, change }) => markedSecrets(type, change)),
    ...outputs.flatMap(([name, change]) => markedSecrets("output", underName(name, change))),
  ];
}
