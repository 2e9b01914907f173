// The part of a deploy that makes hosts: plan with Terraform, apply, first contact, setup; then they are hosts like any other.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ProgressRow } from "../../output/progress.ts";
import { authorizedLine } from "../ci/authorized-keys.ts";
import { ciLogins } from "../ci/login.ts";
import { applyCloud, readPlaces } from "../cloud/apply.ts";
import {
  type KeptDroplets,
  mergeDroplets,
  readDroplets,
  readNonces,
  writeDroplets,
  writeNonces,
} from "../cloud/droplet-file.ts";
import { meetDroplet } from "../cloud/first-contact.ts";
import { type Cloud, openCloud } from "../cloud/open.ts";
import { placesOf } from "../cloud/places.ts";
import { type CloudPlan, planCloud } from "../cloud/plan.ts";
import { setUpDroplet } from "../cloud/setup.ts";
import { refuseMissingState } from "../state/missing.ts";
import type { DeployParameters } from "./contract.ts";
import { type PreparedHost, prepareHosts } from "./hosts.ts";
import { readKnownFile } from "./known-file.ts";
import { dropletTarget, type UnreachedHost } from "./reach.ts";
import { failingIn, settleAll } from "./report.ts";
import { type Run, reachedOf } from "./run.ts";

/** Terraform's part of a run, planned and not carried out; whoever asked for it closes `cloud`. */
export interface PlannedCloud {
  readonly cloud: Cloud;
  readonly planned: CloudPlan;
}

export interface Hosts {
  readonly prepared: readonly PreparedHost[];
  readonly unready: readonly UnreachedHost[];
}

type Parameters = Pick<DeployParameters, "replace" | "lockTimeout" | "hostKeys"> & {
  readonly unasked?: boolean;
  readonly onlyShown?: boolean;
};

/**
 * Plans the stack's cloud resources; from then on the run finds those droplets that exist, will stay, and are known by their key.
 * @returns undefined where the stack has none
 */
export async function planResources(run: Run, parameters: Parameters): Promise<PlannedCloud | undefined> {
  const { context } = run;
  if (context.loaded.terraform === undefined) return undefined;
  context.progress.phase("Planning cloud resources");
  const row = context.progress.row("terraform");
  return failingIn(row, async () => {
    row.update("opening");
    const cloud = await openCloud(context);
    if (cloud === undefined) return undefined;
    try {
      return await planIn(run, cloud, parameters, row);
    } catch (error) {
      await cloud.close();
      throw error;
    }
  });
}

async function planIn(run: Run, cloud: Cloud, parameters: Parameters, row: ProgressRow): Promise<PlannedCloud> {
  const { context } = run;
  row.update("planning");
  const { view } = await run.home.read();
  const members = new Set([...(view?.members.values() ?? [])].map(({ name }) => name));
  const { hosts } = view === undefined ? { hosts: {} } : await readKnownFile(context.loaded, view.meshId);
  await refuseMissingState(cloud.run, { model: run.model, view, hosts, ...parameters });
  const planned = await planCloud(context, cloud, {
    ...parameters,
    members,
    ...(parameters.unasked === true ? { arguments: ["-lock=false"] } : {}),
    // A runner that makes a droplet has no other way in to it.
    ciLogins: ciLogins(view ?? { tokens: new Map() }, Math.floor(Date.now() / 1000)).map((login) =>
      authorizedLine(run.model.name, login),
    ),
  });
  row.done(planned.changes.length === 0 ? "no changes" : `changes: ${planned.changes.length}`);
  const places = placesOf(mergeDroplets(await readDroplets(context), planned.before), view, await waiting(run));
  const leaving = new Set(planned.changes.flatMap(goingOf));
  run.setDroplets(new Map([...places].filter(([name, place]) => place.hostKey !== undefined && !leaving.has(name))));
  return { cloud, planned };
}

/** Makes the resources, meets new droplets, sets them up, and reaches all that this has touched. */
export async function makeHosts(
  run: Run,
  { cloud, planned }: PlannedCloud,
  before: Hosts,
  parameters: Parameters,
): Promise<Hosts> {
  const { context } = run;
  if (planned.changes.length > 0) {
    context.progress.phase("Making cloud resources");
    await applyCloud(context, cloud, planned);
  }
  return prepareMade(run, planned, await readPlaces(context, cloud), before, parameters);
}

async function prepareMade(
  run: Run,
  planned: CloudPlan,
  droplets: KeptDroplets,
  before: Hosts,
  parameters: Parameters,
): Promise<Hosts> {
  const unmet = await meetDroplets(run, droplets, parameters);
  const touched = new Set(planned.changes.flatMap(({ member }) => (member === undefined ? [] : [member])));
  const again = run.model.members.filter(
    ({ name, host }) =>
      host.kind === "droplet" &&
      !unmet.some(({ member }) => member.name === name) &&
      (touched.has(name) || !before.prepared.some(({ member }) => member.name === name)),
  );
  const isOld = ({ member }: { readonly member: { readonly name: string } }) =>
    !again.some(({ name }) => name === member.name) && !unmet.some((one) => one.member.name === member.name);
  if (again.length > 0) run.context.progress.phase("Reaching new hosts");
  const outcomes = again.length === 0 ? [] : await run.reach(false, again);
  const settled = await settleAll(reachedOf(outcomes), run.parallel, run.context.signal, async (host) => {
    const row = run.context.progress.row(host.member.name);
    await failingIn(row, () => setUpDroplet(run.context, host.member, host.connection, row));
  });
  const failed = settled.flatMap((one): UnreachedHost[] =>
    one.ok ? [] : [{ kind: "unreached", member: one.of.member, error: one.error }],
  );
  const ready = outcomes.filter(({ member }) => !failed.some((one) => one.member.name === member.name));
  const now = await prepareHosts(run, ready);
  return {
    prepared: [...before.prepared.filter(isOld), ...now.prepared],
    unready: [...before.unready.filter(isOld), ...unmet, ...failed, ...now.unready],
  };
}

/** Meets every droplet whose key nobody here knows, and pins it. One that is not the droplet ends the deploy. */
async function meetDroplets(
  run: Run,
  droplets: KeptDroplets,
  { hostKeys = {} }: Parameters,
): Promise<readonly UnreachedHost[]> {
  const { context } = run;
  const { view } = await run.home.read();
  const nonces = await readNonces(context);
  const places = placesOf(droplets, view, new Set(Object.keys(nonces)));
  const strangers = run.model.members.filter(({ name, host }) => {
    const place = places.get(name);
    return (
      host.kind === "droplet" && place !== undefined && (place.hostKey === undefined || hostKeys[name] !== undefined)
    );
  });
  run.setDroplets(places);
  if (strangers.length === 0) return [];
  context.progress.phase("Meeting new hosts");
  await run.admit();
  const settled = await settleAll(strangers, run.parallel, context.signal, async ({ name }) => {
    const row = context.progress.row(name);
    return failingIn(row, async () => {
      const hostKey = await meetDroplet({
        name,
        target: dropletTarget({ address: places.get(name)?.address ?? "" }),
        nonce: nonces[name],
        hostKey: hostKeys[name],
        connect: run.reachOptions.connect,
        options: run.reachOptions.connectOptions,
        row,
        signal: context.signal,
      });
      row.done(nonces[name] === undefined ? "its key is pinned, unproven" : "its key is proved and pinned");
      return hostKey;
    });
  });
  const keys = new Map(settled.flatMap((one) => (one.ok ? [[one.of.name, one.value] as const] : [])));
  const pinned = Object.entries(droplets).map(([name, one]) => {
    const hostKey = keys.get(name) ?? one.hostKey;
    return [name, hostKey === undefined ? one : { ...one, hostKey }] as const;
  });
  // The pin first: between the two, the droplet proves itself once more.
  await writeDroplets(context, Object.fromEntries(pinned));
  await writeNonces(context, Object.fromEntries(Object.entries(nonces).filter(([name]) => !keys.has(name))));
  run.setDroplets(placesOf(Object.fromEntries(pinned), view, await waiting(run)));
  const failures = settled.flatMap((one) => (one.ok ? [] : [one]));
  const impostor = failures.find(({ error }) => error.code === "TM_CLOUD_PROOF");
  if (impostor !== undefined) throw impostor.error;
  return failures.map(({ of, error }): UnreachedHost => ({ kind: "unreached", member: of, error }));
}

/** What came after the cloud was made and failed, as an error that says so (exit 5). */
export function failedAfterApply(error: TunnelMeshError): TunnelMeshError {
  if (error.exitCode !== 1) return error;
  const advice = [...error.advice, "Then run tm deploy again: it goes on from there."];
  return new TunnelMeshError("TM_CLOUD_INSTALL", { detail: error.message, advice, cause: error });
}

async function waiting(run: Run): Promise<ReadonlySet<string>> {
  return new Set(Object.keys(await readNonces(run.context)));
}

function goingOf({ type, action, member }: CloudPlan["changes"][number]): readonly string[] {
  const goes = action === "create" || action === "replace" || action === "delete";
  return type === "digitalocean_droplet" && goes && member !== undefined ? [member] : [];
}
