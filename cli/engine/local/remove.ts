// Takes local hosts away without a trace; every step can be done again, so a killed removal is finished by the next.
import { rm } from "node:fs/promises";
import path from "node:path";
import { hostAddresses } from "./address.ts";
import { removeGroups } from "./cgroup.ts";
import { forget, removeEmptyFolder, stopContainer } from "./container.ts";
import { restoreForwarding } from "./forwarding.ts";
import type { LocalLeftover } from "./host.ts";
import { isHeld } from "./lock.ts";
import { type HostNames, hostNames, networkNames } from "./names.ts";
import type { LocalPlace } from "./place.ts";
import { hostFolder, namesIn, readHost, readHosts, readNetwork, removeNetworkRecord, writeHost } from "./record.ts";
import { removeRootLock, unmountBelow } from "./root.ts";
import { attempt } from "./run.ts";
import { removeInterface, removeNamespace, removeTable } from "./wiring.ts";

type Found = Omit<LocalLeftover, "removed">;

/** Removes one host by its name; gives what there was of it. The caller holds the lock. */
export async function removeHost(place: LocalPlace, network: string, name: string): Promise<Found[]> {
  const names = hostNames(place.prefix, network, name);
  const record = await readHost(place.state, names.key);
  if (record !== undefined) await writeHost(place.state, names.key, { ...record, phase: "removing" });
  const router = networkNames(place.prefix, network);
  const there = await readNetwork(place.state, router.key);
  const found = await removeParts(place, names, router.router);
  if (record?.internet === true && there !== undefined) {
    const { outside4 } = hostAddresses(there, record);
    await attempt("ip", ["-n", router.router, "rule", "delete", "pref", "40000", "from", outside4]);
    await attempt("nft", ["delete", "element", "inet", router.table, "internet", `{ ${outside4} }`]);
  }
  if (await removeFolder(place, names.key)) found.push({ kind: "folder", name: hostFolder(place.state, names.key) });
  if (record?.internet === true) await closeIfLast(place, network);
  return found;
}

/** Removes everything of a host that its names alone lead to. */
export async function removeParts(place: LocalPlace, names: HostNames, router: string | undefined): Promise<Found[]> {
  const found: Found[] = [];
  const processes = await stopContainer(names);
  if (processes > 0) found.push({ kind: "process", name: names.machine });
  const root = path.join(hostFolder(place.state, names.key), "root");
  await removeRootLock(root);
  for (const name of await forget(names)) found.push({ kind: "registration", name });
  for (const name of await unmountBelow(root)) {
    found.push({ kind: "mount", name });
  }
  for (const name of await removeGroups(names.machine)) found.push({ kind: "cgroup", name });
  if (router !== undefined && (await removeInterface(router, names.port))) {
    found.push({ kind: "interface", name: names.port });
  }
  for (const name of [names.machine, names.nat]) {
    if (await removeNamespace(name)) found.push({ kind: "namespace", name });
  }
  return found;
}

/** Programs of a killed tm may still be writing for a moment. */
const patiently = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/** Removes the folder of a host, its record last. */
export async function removeFolder(place: LocalPlace, key: string): Promise<boolean> {
  const folder = hostFolder(place.state, key);
  const entries = await namesIn(folder);
  for (const entry of entries) {
    if (entry !== "host.json") await rm(path.join(folder, entry), patiently);
  }
  await rm(folder, patiently);
  return entries.length > 0;
}

/** Removes the router of a network. The caller holds the lock and has removed its hosts. */
export async function removeRouter(place: LocalPlace, network: string): Promise<Found[]> {
  const names = networkNames(place.prefix, network);
  const found: Found[] = [];
  if (await removeInterface(undefined, names.link)) found.push({ kind: "interface", name: names.link });
  if (await removeNamespace(names.router)) found.push({ kind: "namespace", name: names.router });
  if (await removeTable(names.table)) found.push({ kind: "nftables", name: names.table });
  await restoreForwarding();
  await removeNetworkRecord(place.state, names.key);
  return found;
}

/** Removes the router when its last host is gone. */
export async function removeIfEmpty(place: LocalPlace, network: string): Promise<Found[]> {
  const hosts = [...(await readHosts(place.state)).values()];
  return hosts.some((host) => host.network === network) ? [] : removeRouter(place, network);
}

/** Closes the way out when no other host of the network uses it. */
async function closeIfLast(place: LocalPlace, network: string): Promise<void> {
  const hosts = [...(await readHosts(place.state)).values()];
  if (hosts.some((host) => host.internet && host.network === network)) return;
  await removeTable(networkNames(place.prefix, network).table);
  await restoreForwarding();
}

/** What a killed tm was just writing in the state folder. The caller holds the lock. */
export async function removeScraps(state: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await namesIn(path.join(state, "networks"))) {
    if (!/^[0-9a-f]{7}\.json$/.test(name)) found.push(path.join(state, "networks", name));
  }
  for (const name of await namesIn(state)) {
    if (name.startsWith("lock.") && !(await isHeld(path.join(state, name)))) found.push(path.join(state, name));
  }
  for (const file of found) await rm(file, { force: true });
  return found;
}

/** The state folder itself goes with the last host. */
export async function removeEmptyState(state: string): Promise<void> {
  for (const folder of [path.join(state, "hosts"), path.join(state, "networks"), state]) {
    await removeEmptyFolder(folder);
  }
}
