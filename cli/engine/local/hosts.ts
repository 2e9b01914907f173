// Machines made here: containers that answer SSH, made, listed and removed through one object.
import { existsSync } from "node:fs";
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { isRunning } from "./container.ts";
import type { LocalHostInfo, LocalHosts } from "./host.ts";
import { findLeftovers } from "./leftovers.ts";
import { withLock } from "./lock.ts";
import { lowerMark, packageDatabases } from "./lower.ts";
import { hostNames, networkNames, statePrefix } from "./names.ts";
import type { LocalPlace } from "./place.ts";
import { checkRoot } from "./preflight.ts";
import { isAlive } from "./process.ts";
import { readHosts, readNetworks } from "./record.ts";
import { removeEmptyState, removeHost, removeIfEmpty } from "./remove.ts";
import { describe, upHosts } from "./up.ts";

/**
 * Gives the local hosts of one state folder. Hosts of different state folders never meet.
 * `state` must lie on a real file system; `hide` are folders that hosts must not see, by default this checkout
 * (TUNNELMESH_CLONE) and the working folder.
 */
export function createLocalHosts(
  options: {
    readonly state?: string;
    readonly log?: (text: string) => void;
    readonly hide?: readonly string[];
    readonly packageDatabases?: readonly string[];
  } = {},
): LocalHosts {
  const state = path.resolve(options.state ?? "/var/lib/tunnelmesh-local");
  const place: LocalPlace = {
    state,
    prefix: statePrefix(state),
    hiddenFolders: options.hide ?? [process.env["TUNNELMESH_CLONE"] ?? process.cwd(), process.cwd()],
    packageDatabases: options.packageDatabases ?? packageDatabases,
    log: options.log ?? (() => undefined),
  };
  return {
    up: (network, specs, upOptions) => upHosts(place, network, specs, upOptions),
    list: (network) => listHosts(place, network),
    remove: (network, names, removeOptions) => removeHosts(place, network, names, removeOptions?.onProgress),
    leftovers: ({ fix }) => findLeftovers(place, fix),
  };
}

async function listHosts(place: LocalPlace, network: string | undefined): Promise<LocalHostInfo[]> {
  if (!existsSync(place.state)) return [];
  checkRoot();
  const networks = await readNetworks(place.state);
  const lower = await lowerMark(place.packageDatabases);
  const found: LocalHostInfo[] = [];
  for (const record of (await readHosts(place.state)).values()) {
    const router = networks.get(networkNames(place.prefix, record.network).key);
    if (router === undefined || (network !== undefined && record.network !== network)) continue;
    const alive = await isRunning(place.state, hostNames(place.prefix, record.network, record.name));
    if (record.phase === "making" && (await isAlive(record.owner))) continue;
    found.push(describe(router, record, alive && record.phase === "running" ? "running" : "dead", lower));
  }
  return found.toSorted((a, b) => (a.network + a.name < b.network + b.name ? -1 : 1));
}

async function removeHosts(
  place: LocalPlace,
  network: string,
  names: readonly string[] | undefined,
  onProgress?: (host: string, text: string) => void,
): Promise<string[]> {
  if (!existsSync(place.state)) return [];
  checkRoot();
  const removed = await withLock(place.state, async () => {
    const hosts = [...(await readHosts(place.state)).values()].filter((host) => host.network === network);
    const wanted = hosts.filter((host) => names?.includes(host.name) ?? true).map((host) => host.name);
    try {
      await Promise.all(
        wanted.map(async (name) => {
          onProgress?.(name, "removing");
          await removeHost(place, network, name);
          onProgress?.(name, "removed");
        }),
      );
      await removeIfEmpty(place, network);
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new TunnelMeshError("TM_LOCAL_REMOVE", { detail: said, cause });
    }
    return wanted;
  });
  await removeEmptyState(place.state);
  return removed;
}
