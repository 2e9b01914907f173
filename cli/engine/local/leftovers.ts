// Finds what killed runs and reboots have left of local hosts, and takes it away.
import { existsSync } from "node:fs";
import { topGroups } from "./cgroup.ts";
import { hostProcesses, isRunning } from "./container.ts";
import { restoreForwarding } from "./forwarding.ts";
import type { LocalLeftover } from "./host.ts";
import { withLock } from "./lock.ts";
import { hostNames, networkNames, parseName } from "./names.ts";
import type { LocalPlace } from "./place.ts";
import { checkRoot } from "./preflight.ts";
import { bootId, isAlive } from "./process.ts";
import { hostFolder, namesIn, readHost, readHosts, readNetworks } from "./record.ts";
import { removeEmptyState, removeFolder, removeHost, removeParts, removeRouter, removeScraps } from "./remove.ts";
import { mountsBelow } from "./root.ts";
import { listNamespaces } from "./run.ts";
import { listInterfaces, listTables, removeInterface, removeNamespace, removeTable } from "./wiring.ts";

type Found = Omit<LocalLeftover, "removed">;

/**
 * Finds three kinds: recorded hosts that no living tm makes and that do not run, recorded networks without a host
 * or of another boot, and names of this state folder that no record knows. With `fix` they are removed; a second
 * run then finds nothing.
 */
export async function findLeftovers(place: LocalPlace, fix: boolean): Promise<LocalLeftover[]> {
  if (!existsSync(place.state) && (await strayNames(place, new Set())).length === 0) return [];
  checkRoot();
  const found = await withLock(place.state, async () => {
    const kept = new Set<string>();
    if (fix) await removeScraps(place.state);
    const hosts = await deadHosts(place, fix, kept);
    return [...hosts, ...(await idleNetworks(place, fix, kept)), ...(await strays(place, fix, kept))];
  });
  if (fix) await removeEmptyState(place.state);
  return found.map((one) => ({ ...one, removed: fix }));
}

/** Dead hosts, half-made ones of dead processes, and folders whose record was lost; living ones go to `kept`. */
async function deadHosts(place: LocalPlace, fix: boolean, kept: Set<string>): Promise<Found[]> {
  const found: Found[] = [];
  for (const key of await namesIn(`${place.state}/hosts`)) {
    const record = await readHost(place.state, key);
    if (record === undefined) {
      found.push(...(await partsOf(place, key)));
      if (fix) await removeParts(place, namesOf(place, key), undefined);
      if (fix) await removeFolder(place, key);
      else kept.add(key);
      continue;
    }
    const names = hostNames(place.prefix, record.network, record.name);
    const making = record.phase === "making" && (await isAlive(record.owner));
    const running = record.phase === "running" && (await isRunning(place.state, names));
    if (making || running) {
      kept.add(key).add(networkNames(place.prefix, record.network).key);
      continue;
    }
    found.push(...(fix ? await removeHost(place, record.network, record.name) : await partsOf(place, key)));
    if (!fix) kept.add(key);
  }
  return found;
}

const namesOf = (place: LocalPlace, key: string) => ({
  key,
  machine: `${place.prefix}h${key}`,
  nat: `${place.prefix}n${key}`,
  port: `h${key}`,
});

/** What there is of a dead host, when nothing is to be removed. */
async function partsOf(place: LocalPlace, key: string): Promise<Found[]> {
  const names = namesOf(place, key);
  const processes = (await hostProcesses(names)).length;
  const mounts = await mountsBelow(hostFolder(place.state, key));
  const namespaces = (await listNamespaces()).filter((name) => name === names.machine || name === names.nat);
  const groups = (await topGroups()).filter((name) => name === names.machine);
  return [
    { kind: "folder", name: hostFolder(place.state, key) },
    ...(processes > 0 ? [{ kind: "process", name: names.machine } as const] : []),
    ...mounts.map((name) => ({ kind: "mount", name }) as const),
    ...namespaces.map((name) => ({ kind: "namespace", name }) as const),
    ...groups.map((name) => ({ kind: "cgroup", name }) as const),
  ];
}

/** Networks whose hosts are all gone, or that were made before the machine was started again. */
async function idleNetworks(place: LocalPlace, fix: boolean, kept: Set<string>): Promise<Found[]> {
  const found: Found[] = [];
  const boot = await bootId();
  const hosts = [...(await readHosts(place.state)).values()];
  for (const [key, record] of await readNetworks(place.state)) {
    if (kept.has(key) && record.boot === boot) continue;
    const names = networkNames(place.prefix, record.network);
    found.push({ kind: "namespace", name: names.router });
    if (fix && !hosts.some((host) => host.network === record.network)) await removeRouter(place, record.network);
    else kept.add(key);
  }
  return found;
}

/** Names of this state folder on the machine whose record is gone. */
async function strayNames(place: LocalPlace, kept: ReadonlySet<string>): Promise<Found[]> {
  const stray = (kind: LocalLeftover["kind"], names: readonly string[]): Found[] =>
    names.flatMap((name) => {
      const ours = parseName(place.prefix, name);
      return ours === undefined || kept.has(ours.key) ? [] : [{ kind, name }];
    });
  return [
    ...stray("cgroup", await topGroups()),
    ...stray("namespace", await listNamespaces()),
    ...stray("interface", await listInterfaces()),
    ...stray("nftables", await listTables()),
  ];
}

async function strays(place: LocalPlace, fix: boolean, kept: ReadonlySet<string>): Promise<Found[]> {
  const found = await strayNames(place, kept);
  if (!fix) return found;
  for (const { kind, name } of found) {
    const ours = parseName(place.prefix, name);
    if (ours?.kind === "host" || ours?.kind === "nat") await removeParts(place, namesOf(place, ours.key), undefined);
    else if (kind === "interface") await removeInterface(undefined, name);
    else if (kind === "nftables") await removeTable(name);
    else await removeNamespace(name);
  }
  await restoreForwarding();
  return found;
}
