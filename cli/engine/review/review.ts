// Makes the reviewed plan out of Terraform's plan, the mesh model and the plan of hosts and members.
import type { MeshModel } from "../../../constructs/model.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import type { MeshPlan } from "../deploy/contract.ts";
import { describeRules } from "./access.ts";
import { changesOfAccess, type DeployedRules } from "./access-changes.ts";
import { attributesOf } from "./attributes.ts";
import { actionOf, changesOf } from "./changes.ts";
import { costOf } from "./cost.ts";
import { digestOf } from "./digest.ts";
import { findingsOf } from "./findings.ts";
import { outputsOf, secretsOfShown } from "./outputs.ts";
import { type Owners, ownersOf } from "./owners.ts";
import { meshRangesOf, partiesOf } from "./parties.ts";
import { hasChanges, isWidening, type Plan, type PlanChange } from "./plan.ts";
import { scrubPlan } from "./scrub.ts";
import { createRedactor, secretsOfEnvironment } from "./secrets.ts";
import { readShownPlan, type ShownPlan } from "./show.ts";
import { unknownsOf } from "./unknowns.ts";
import { describeChange, plain } from "./words.ts";

export interface ReviewParameters {
  readonly model: MeshModel;
  /** The stack's Terraform JSON, and what `terraform show -json` says of its plan; absent where there is nothing for Terraform. */
  readonly terraform?: Readonly<Record<string, unknown>> | undefined;
  readonly shown?: unknown;
  readonly result: MeshPlan;
  /** The policy that was deployed last; absent where it is not known, and before the mesh exists. */
  readonly deployed?: DeployedRules | undefined;
  /** Members that the mesh has, clients among them. */
  readonly known?: readonly Member[];
  /** No host was asked. */
  readonly unasked?: boolean;
  /** Members that --replace names. */
  readonly replace?: readonly string[];
  /** Changes that a deploy refuses unless --replace names their member. */
  readonly unnamed?: readonly { readonly address: string; readonly member: string }[];
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
  const { model, result, known = [], unnamed = [], replace = [], unasked = false } = parameters;
  const shown = parameters.shown === undefined ? undefined : readShownPlan(parameters.shown);
  const resources = shown?.resource_changes ?? [];
  const owners = ownersOf(model, parameters.terraform, resources);
  const redactor = createRedactor([
    ...secretsOfEnvironment(parameters.environment),
    ...(parameters.secrets ?? []),
    ...secretsOfShown(shown),
  ]);
  // In the digest stand no secrets either: a short one could be guessed from it.
  const refused = new Map(unnamed.map(({ address, member }) => [address, member]));
  const changes = scrubPlan(changesOf(model, owners, resources), redactor).map((change) =>
    withWords(change, refused.get(change.address)),
  );
  const nodes = new Map(resources.map((resource) => [resource.address, owners.nodeOf(resource)]));
  const members = membersOf(result);
  const checks = checksOf(shown);
  const summary = summarize(resources, result, members);
  const outputs = outputsOf(shown);
  const access = describeRules(model.policy.allow);
  const parties = partiesOf(model, known, result.members);
  const accessChanges = changesOfAccess({
    deployed: result.meshId === undefined ? "new" : parameters.deployed,
    allow: model.policy.allow,
    parties,
    meshRanges: meshRangesOf(model, result.meshId),
  });
  const before = new Set(parties.before.map(({ key }) => key));
  const findings = findingsOf(resources, changes, (address) => nodes.get(address), {
    ...{ members, checks, accessChanges, known: before },
  });
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
    risk: riskOf({ summary, changes, outputs, members, access, accessChanges, findings }),
    outputs,
    drift: driftOf(shown, owners),
    checks,
    ...(shown === undefined ? {} : { cost: costOf(resources) }),
    members,
    hosts: hostsOf(result),
    upgrade: (result.upgrade ?? []).map(({ step, hosts }) => ({ step, hosts: [...hosts] })),
    access,
    accessChanges,
    findings,
    replace: [...new Set([...replace, ...refused.values()])].toSorted(),
    unknown: unknownsOf({ model, meshId: result.meshId, unasked, parties, basis: accessChanges.basis }),
  };
  return { ...scrubPlan(plan, redactor), changes, digest: digestOf({ model, changes, release: result.release }) };
}

function driftOf(shown: ShownPlan | undefined, owners: Owners): Plan["drift"] {
  return (shown?.resource_drift ?? []).flatMap((resource) => {
    const { address, type, change } = resource;
    const node = owners.nodeOf(resource);
    const paths = attributesOf(type, change).map(({ path }) => path);
    const named = { address, ...(node === undefined ? {} : { node }) };
    return isOwnCount(type, paths) ? [] : [{ ...named, action: change.actions.join("-"), paths }];
  });
}

/** Those that fail; what is known after apply alone does not. */
function checksOf(shown: ShownPlan | undefined): Plan["checks"] {
  return (shown?.checks ?? [])
    .filter(({ status }) => status !== "pass" && status !== "unknown")
    .map(({ address, status }) => ({ address: address.to_display, status }));
}

function hostsOf({ hosts }: MeshPlan): Plan["hosts"] {
  return hosts.map(({ name, role, basis, steps, notes, error }) => ({
    ...{ name, role, basis },
    steps: steps.map(({ id, title }) => ({ id, title })),
    notes: [...(notes ?? [])],
    ...(error === undefined ? {} : { error: { ...error, advice: [...error.advice] } }),
  }));
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

function withWords(change: PlanChange, refusedWithout: string | undefined): PlanChange {
  const all = { ...change, ...(refusedWithout === undefined ? {} : { refusedWithout }) };
  return { ...all, words: describeChange(all, plain) };
}

function riskOf(
  plan: Pick<Plan, "summary" | "changes" | "outputs" | "members" | "access" | "accessChanges" | "findings">,
): Plan["risk"] {
  const { summary, members, findings } = plan;
  if (summary.delete + summary.replace + summary.forget + members.removed.length > 0) return "destructive";
  if (findings.some(isWidening)) return "widening";
  return hasChanges(plan) ? "low" : "none";
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
