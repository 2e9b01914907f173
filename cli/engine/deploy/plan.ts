// tm plan: what a deploy would do, host by host and member by member, as plain data; nothing is changed and nothing is signed.
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { Member, MeshView } from "../../../protocol/trust/member.ts";
import { applyItems, openView } from "../../../protocol/trust/view.ts";
import type { CloudPlan } from "../cloud/plan.ts";
import { describeFirstInstall, planInstall } from "../install/plan.ts";
import { hostNotes } from "../install/refusals.ts";
import type { Plan } from "../review/plan.ts";
import { reviewPlan } from "../review/review.ts";
import { refuseBeyondToken } from "./ci-check.ts";
import { type Hosts, planResources } from "./cloud-hosts.ts";
import type { MembershipPlan, MeshPlan, PlannedHost, PlanParameters, PlanResult, PlanStack } from "./contract.ts";
import { deployedRules, type KeptPolicy, readPolicyFile } from "./deployed-policy.ts";
import { hostedMeshes, type PreparedHost, prepareHosts } from "./hosts.ts";
import { askMesh } from "./known-mesh.ts";
import { type MembershipChange, namesOf, planMembership } from "./membership.ts";
import { isUnasked, knownUnasked, refuseUnsigned, unaskedHosts } from "./plan-ci.ts";
import { isMissing, type UnreachedHost } from "./reach.ts";
import { projectCommit } from "./record.ts";
import { currentRelease } from "./release.ts";
import { reportError } from "./report.ts";
import { type Run, withRun } from "./run.ts";
import { bootstrapFile, specificationOf } from "./specification.ts";
import { reachTokenDroplets } from "./token-droplets.ts";
import { planUpgrade } from "./upgrade-order.ts";

/** Compares the stack with what is there; see the contract. */
export const planStack: PlanStack = (parameters) =>
  withRun(parameters, async (run) => {
    if (parameters.unasked === true) await refuseUnsigned(run);
    const cloud = await planResources(run, { ...parameters, onlyShown: true });
    await cloud?.cloud.close();
    const options = { ...parameters, planned: cloud?.planned };
    if (parameters.unasked === true) return planOf(run, { prepared: [], unready: unaskedHosts(run.model) }, options);
    run.context.progress.phase("Reading hosts");
    const { prepared, unready } = await prepareHosts(run, await reachTokenDroplets(run, cloud, await run.reach(false)));
    const toCome = unready.flatMap((one) =>
      isToBeMade(one) && one.member.host.kind === "droplet" ? [one.member] : [],
    );
    await refuseBeyondToken(run, prepared, toCome);
    return planOf(run, { prepared, unready }, options);
  });

export type PlanOptions = Pick<PlanParameters, "canary" | "replace" | "unasked"> & {
  readonly planned: Pick<CloudPlan, "changes" | "unnamed" | "shown"> | undefined;
};

/** The plan for hosts that were reached and hosts that were not. */
export async function planOf(run: Run, { prepared, unready }: Hosts, options: PlanOptions): Promise<PlanResult> {
  const { canary, planned } = options;
  const { view, items, policy } = await knownMesh(run, prepared);
  const bootstrap = bootstrapFile(items);
  const release = prepared[0]?.release ?? (await currentRelease("x64"));
  const hosts = [
    ...prepared.map((host) => livePlan(view, bootstrap, host)),
    ...unready.map((host) => assumedPlan(host, view)),
  ].toSorted((left, right) => left.name.localeCompare(right.name, "en"));
  // A plan of CI signs nothing, and before there is a mesh there is no token to sign with.
  const ci = options.unasked !== true && (await run.ci()) !== undefined;
  const members = membershipPlan(run, prepared, unready, { view, ci });
  const upgrade = planUpgrade(prepared, canary);
  const steps = hosts.reduce((sum, host) => sum + host.steps.length, 0);
  const resources = planned?.changes;
  const changed = members.added.length + members.removed.length + members.renamed.length + members.changed.length;
  const plan: MeshPlan = {
    mesh: run.model.name,
    ...(view === undefined ? {} : { meshId: view.meshId }),
    stage: run.model.stage,
    release: `${release.version}-${release.hash.slice(0, 16)}`,
    hosts,
    members,
    ...(upgrade.length === 0 ? {} : { upgrade }),
    ...(resources === undefined ? {} : { resources }),
    changes: steps + changed + (resources?.length ?? 0),
  };
  const review = await reviewOf(run, plan, { view, policy }, options);
  const { added, removed } = review.accessChanges;
  return { ...plan, changes: plan.changes + added.length + removed.length, review };
}

async function reviewOf(
  { context, model }: Run,
  result: MeshPlan,
  { view, policy }: Pick<Mesh, "view" | "policy">,
  { planned, replace = [], unasked = false }: PlanOptions,
): Promise<Plan> {
  const { loaded, ciToken } = context;
  const filed = view === undefined ? undefined : await readPolicyFile(loaded, view.meshId);
  return reviewPlan({
    model,
    terraform: loaded.terraform,
    shown: planned?.shown,
    result,
    deployed: deployedRules([policy, filed]),
    known: [...(view?.members.values() ?? [])],
    ...{ unasked, replace, unnamed: planned?.unnamed ?? [] },
    environment: process.env,
    secrets: ciToken === undefined ? [] : [ciToken],
    now: Date.now(),
    commit: await projectCommit(loaded.projectFolder),
  });
}

interface Mesh {
  readonly view: MeshView | undefined;
  readonly items: readonly SignedItem[];
  readonly policy?: KeptPolicy | undefined;
}

/** The mesh as it is at home; without a mesh file, the one on the hosts, which a deploy would go on with. */
async function knownMesh(run: Run, prepared: readonly PreparedHost[]): Promise<Mesh> {
  const home = await run.home.read();
  // Who came by a token is in no mesh file, and has a name and an address all the same.
  if (home.view !== undefined) return { ...(await askMesh(run, prepared)), items: home.items };
  const [hosted] = hostedMeshes(run, prepared);
  if (hosted === undefined) return home;
  const items = await hosted.items();
  const [genesis, ...rest] = items;
  const opened = genesis === undefined ? undefined : openView(genesis);
  if (opened?.ok !== true) return home;
  return { view: applyItems(opened.view, rest, Math.floor(Date.now() / 1000)).view, items };
}

function livePlan(view: MeshView | undefined, bootstrap: string, host: PreparedHost): PlannedHost {
  const { name, role } = host.member;
  // Before there is a mesh nobody can know its id, and every step of a first install is due.
  const steps =
    view === undefined
      ? describeFirstInstall(role)
      : planInstall(host.facts, specificationOf(view, bootstrap, host, { agent: true, secret: "" })).steps;
  const notes = hostNotes(host.facts);
  return {
    name,
    role,
    basis: "live",
    steps: steps.map(({ id, title }) => ({ id, title })),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function assumedPlan({ member, error }: UnreachedHost, view: MeshView | undefined): PlannedHost {
  const { name, role } = member;
  const toBeMade = isToBeMade({ member, error });
  const known = memberByName(view, name) !== undefined && !toBeMade;
  return {
    name,
    role,
    basis: known ? "recorded" : "assumed",
    steps: known ? [] : describeFirstInstall(role),
    ...(toBeMade || isUnasked({ error }) ? {} : { error: reportError(error) }),
  };
}

function membershipPlan(
  run: Run,
  prepared: readonly PreparedHost[],
  unready: readonly UnreachedHost[],
  { view, ci }: { readonly view: MeshView | undefined; readonly ci: boolean },
): MembershipPlan {
  // A local host that is not there will be made anew: it is nobody under a new name.
  const members = [...(view?.members.values() ?? [])];
  const reached = [...prepared, ...knownUnasked(unready, members)];
  const stackNames = namesOf(run.model.members, [...reached, ...unready.filter(isToBeMade)]);
  const changes = planMembership(members, stackNames, reached, { ci: ci || unready.some(isUnasked) });
  const granted = (why: string) =>
    changes.flatMap((change) => (change.kind === "grant" && change.why === why ? [change] : []));
  const toCome = unready
    .filter((host) => {
      const { name, formerly } = host.member;
      const names = isToBeMade(host) ? [name] : [name, formerly];
      return names.every((one) => memberByName(view, one) === undefined);
    })
    .map(({ member }) => member);
  return {
    added: [...granted("new"), ...granted("replaced")]
      .map(({ reached }) => reached.member.name)
      .concat(toCome.map(({ name }) => name))
      .toSorted(),
    removed: changes.flatMap((change) => (isRemoval(change) ? [change.before.name] : [])),
    renamed: granted("renamed").map(({ reached, before }) => ({ from: before?.name ?? "", to: reached.member.name })),
    changed: granted("changed").map(({ reached }) => reached.member.name),
    unchanged: changes.flatMap((change) => (change.kind === "keep" ? [change.reached.member.name] : [])),
  };
}

function isToBeMade({ member, error }: Pick<UnreachedHost, "member" | "error">): boolean {
  return member.host.kind !== "ssh" && isMissing(error);
}

function isRemoval(change: MembershipChange): change is Extract<MembershipChange, { kind: "revoke" }> {
  return change.kind === "revoke" && change.why === "removed";
}

function memberByName(view: MeshView | undefined, name: string | undefined): Member | undefined {
  return [...(view?.members.values() ?? [])].find((member) => member.name === name);
}
