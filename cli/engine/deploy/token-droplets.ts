// Droplets that a token signed in: no mesh file names their host keys, so a fresh clone learns them from the members it reaches.
import { mergeDroplets, readDroplets, writeDroplets } from "../cloud/droplet-file.ts";
import { placesOf } from "../cloud/places.ts";
import type { PlannedCloud } from "./cloud-hosts.ts";
import { askMesh } from "./known-mesh.ts";
import type { HostOutcome } from "./reach.ts";
import { type Run, reachedOf } from "./run.ts";

/**
 * Reaches droplets that exist and whose grant only members hold, and pins the keys that they show, which are their grants'. All else
 * in `outcomes` stays as it is.
 */
export async function reachTokenDroplets(
  run: Run,
  cloud: PlannedCloud | undefined,
  outcomes: readonly HostOutcome[],
): Promise<readonly HostOutcome[]> {
  const { context, home } = run;
  const before = cloud?.planned.before ?? {};
  const leaving = new Set(cloud?.planned.changes.flatMap(leavingOf));
  const unknown = outcomes.filter(
    ({ kind, member }) =>
      kind === "unreached" &&
      member.host.kind === "droplet" &&
      Object.hasOwn(before, member.name) &&
      !leaving.has(member.name),
  );
  if (unknown.length === 0 || reachedOf(outcomes).length === 0 || (await home.read()).view === undefined)
    return outcomes;
  const { view } = await askMesh(run, outcomes);
  const droplets = mergeDroplets(await readDroplets(context), before);
  const byToken = new Set([...view.members.values()].flatMap(({ name, origin }) => (origin === "token" ? [name] : [])));
  const members = unknown.map(({ member }) => member).filter(({ name }) => byToken.has(name));
  if (members.length === 0) return outcomes;
  const places = placesOf(droplets, view, new Set());
  run.setDroplets(places);
  const again = await run.reach(false, members);
  const proved = new Map(reachedOf(again).map(({ member, sshPublicKey }) => [member.name, sshPublicKey]));
  const pinned = Object.entries(droplets).map(([name, droplet]) => {
    const hostKey = proved.get(name) ?? droplet.hostKey;
    return [name, hostKey === undefined ? droplet : { ...droplet, hostKey }] as const;
  });
  await writeDroplets(context, Object.fromEntries(pinned));
  return outcomes.map((one) => again.find(({ member }) => member.name === one.member.name) ?? one);
}

/** Whose droplet goes away with this plan: nobody need be reached there. */
function leavingOf({ type, action, member }: PlannedCloud["planned"]["changes"][number]): readonly string[] {
  const goes = action === "replace" || action === "delete";
  return type === "digitalocean_droplet" && goes && member !== undefined ? [member] : [];
}
