// Where a stack's droplets are, for whatever works with a mesh that stands: from .tm, Terraform's state, or the mesh's own record.
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import type { EngineContext } from "../deploy/contract.ts";
import { readKnownFile } from "../deploy/known-file.ts";
import { trustedHosts } from "../deploy/known-hosts.ts";
import type { DropletPlace } from "../deploy/reach.ts";
import { parseTarget } from "../ssh/target.ts";
import { readPlaces } from "./apply.ts";
import { type KeptDroplets, readDroplets, readNonces, writeDroplets } from "./droplet-file.ts";
import { usingCloud } from "./open.ts";

/**
 * Places of the stack's droplets by member name. What .tm keeps is enough where it agrees with the mesh file; a second laptop asks
 * Terraform's state; without Terraform, what the mesh's record said last and the coordinator's address in its log are left.
 */
export async function findDroplets(
  context: EngineContext,
  view: MeshView | undefined,
): Promise<ReadonlyMap<string, DropletPlace>> {
  const granted = grantedKeys(view);
  // Who is no member yet has nothing to be asked.
  const names = context.loaded.model.members.flatMap(({ name, host }) =>
    host.kind === "droplet" && granted.has(name) ? [name] : [],
  );
  const kept = await readDroplets(context);
  const current = names.every((name) => kept[name]?.grantedKey === granted.get(name));
  const places = current ? kept : ((await askState(context, view)) ?? kept);
  const waiting = new Set(Object.keys(await readNonces(context)));
  return new Map([...(await recorded(context, view, names)), ...placesOf(places, view, waiting)]);
}

/**
 * As the engine takes them. A key that the droplet of this id has proved counts; else the one that its grant names, unless the
 * droplet has yet to prove one.
 */
export function placesOf(
  droplets: KeptDroplets,
  view: MeshView | undefined,
  waiting: ReadonlySet<string>,
): ReadonlyMap<string, DropletPlace> {
  const granted = grantedKeys(view);
  const entries = Object.entries(droplets).map(([name, { public_ip: address, hostKey: proved, grantedKey }]) => {
    // A grant that a token signed is in no mesh file: the note of the deploy that saw it stands in for it.
    const hostKey = proved ?? (waiting.has(name) ? undefined : (granted.get(name) ?? grantedKey));
    return [name, { address, ...(hostKey === undefined ? {} : { hostKey }) }] as const;
  });
  return new Map(entries.filter(([, { address }]) => address !== ""));
}

/** Notes which keys the mesh has granted: from then on these count, and what was pinned before is done with. */
export async function settleDroplets(context: EngineContext, view: MeshView): Promise<KeptDroplets> {
  const granted = grantedKeys(view);
  const entries = Object.entries(await readDroplets(context)).map(
    ([name, { hostKey, grantedKey: _, ...addresses }]) => {
      const grantedKey = granted.get(name);
      const pinned = hostKey === undefined || hostKey === grantedKey ? {} : { hostKey };
      return [name, { ...addresses, ...pinned, ...(grantedKey === undefined ? {} : { grantedKey }) }] as const;
    },
  );
  const settled = Object.fromEntries(entries);
  await writeDroplets(context, settled);
  return settled;
}

function grantedKeys(view: MeshView | undefined): ReadonlyMap<string, string> {
  return new Map([...(view?.members.values() ?? [])].map(({ name, sshPublicKey }) => [name, sshPublicKey]));
}

/** Undefined where there is no mesh that could have droplets, or nothing here can read the state. */
async function askState(context: EngineContext, view: MeshView | undefined): Promise<KeptDroplets | undefined> {
  if (view === undefined) return undefined;
  try {
    return await usingCloud(context, { stateAlone: true }, async (cloud) => {
      if (cloud === undefined) return undefined;
      await readPlaces(context, cloud);
      return settleDroplets(context, view);
    });
  } catch (error) {
    if (context.signal.aborted || !isTunnelMeshError(error)) throw error;
    context.progress.log(`Terraform's state could not be read: ${error.message}`);
    return undefined;
  }
}

/** What the mesh's record said last, and for the coordinator the address that its members are told. */
async function recorded(
  { loaded }: EngineContext,
  view: MeshView | undefined,
  names: readonly string[],
): Promise<ReadonlyMap<string, DropletPlace>> {
  if (view === undefined) return new Map();
  const { hosts } = await readKnownFile(loaded, view.meshId);
  const known = trustedHosts(hosts, view.members.values());
  const places = new Map<string, DropletPlace>();
  const hub = loaded.model.members.find(({ role }) => role === "coordinator");
  const url = view.coordinator?.urls[0];
  const hubKey = grantedKeys(view).get(hub?.name ?? "");
  if (
    hub !== undefined &&
    hub.url === undefined &&
    url !== undefined &&
    hubKey !== undefined &&
    names.includes(hub.name)
  ) {
    places.set(hub.name, { address: new URL(url).hostname.replace(/^\[|\]$/g, ""), hostKey: hubKey });
  }
  for (const name of names) {
    const host = known[name];
    if (host !== undefined) places.set(name, { address: parseTarget(host.target).host, hostKey: host.hostKey });
  }
  return places;
}
