// Makes local hosts: claims and records everything under the lock, then builds the missing ones in parallel.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostAddresses, pickIndex, pickRanges } from "./address.ts";
import { waitForBanner } from "./banner.ts";
import { isRunning, lastLines, startContainer, writeKeys } from "./container.ts";
import { coveredFolders } from "./disguise.ts";
import { allowForwarding } from "./forwarding.ts";
import type { LocalHostInfo, LocalHostSpec, LocalHosts } from "./host.ts";
import { withLock } from "./lock.ts";
import { lowerMark } from "./lower.ts";
import { hostNames, networkNames } from "./names.ts";
import type { LocalPlace } from "./place.ts";
import { checkMachine } from "./preflight.ts";
import { bootId, isAlive, ownMark, waitUntil } from "./process.ts";
import {
  type HostRecord,
  type NetworkRecord,
  readHost,
  readHosts,
  readNetwork,
  readNetworks,
  writeHost,
  writeNetwork,
} from "./record.ts";
import { removeHost, removeIfEmpty, removeRouter } from "./remove.ts";
import { makeRoot, readMachine } from "./root.ts";
import { listNamespaces } from "./run.ts";
import { planInternet, planLink, planRouter } from "./wire.ts";
import { listInterfaces, listRoutes, wireUp } from "./wiring.ts";

type UpOptions = Parameters<LocalHosts["up"]>[2];

interface Claim {
  readonly network: NetworkRecord;
  readonly host: HostRecord;
  readonly fresh: boolean;
}

const hostname = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const bannerMilliseconds = 30_000;

/** Makes the missing hosts and waits until all answer SSH; see the contract in host.ts. */
export async function upHosts(
  place: LocalPlace,
  network: string,
  specs: readonly LocalHostSpec[],
  options: UpOptions,
): Promise<LocalHostInfo[]> {
  await checkMachine(place.state);
  for (const { name } of specs) if (!hostname.test(name)) fail("names")(new Error(`"${name}" is no host name`));
  for (const spec of specs) await waitForOther(place, network, spec.name);
  options.signal?.throwIfAborted();
  const claims = await withLock(place.state, () => claimAll(place, network, specs));
  const facts = await readMachine(place.state);
  const results = await Promise.allSettled(
    claims.map(async (claim): Promise<LocalHostInfo> => {
      const { key } = hostNames(place.prefix, network, claim.host.name);
      await writeKeys(place.state, key, options.authorizedKeys);
      return claim.fresh ? await build(place, claim, facts, options) : describe(claim.network, claim.host, "running");
    }),
  );
  const failed = results.flatMap((result, at) => (result.status === "rejected" ? [{ at, reason: result.reason }] : []));
  if (failed[0] !== undefined) {
    const lost = failed.flatMap(({ at }) => claims[at] ?? []).filter((claim) => claim.fresh);
    await withLock(place.state, async () => {
      for (const { host } of lost) await removeHost(place, network, host.name);
      await removeIfEmpty(place, network);
    });
    throw failed[0].reason;
  }
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** Another tm that makes the same host right now is let finish. */
async function waitForOther(place: LocalPlace, network: string, name: string): Promise<void> {
  const { key } = hostNames(place.prefix, network, name);
  const free = async (): Promise<boolean> => {
    const record = await readHost(place.state, key);
    return record?.phase !== "making" || !(await isAlive(record.owner));
  };
  if (!(await waitUntil(free, 60_000))) throw new TunnelMeshError("TM_LOCAL_BUSY", { detail: `host ${name}` });
}

async function claimAll(place: LocalPlace, network: string, specs: readonly LocalHostSpec[]): Promise<Claim[]> {
  const router = await ensureRouter(place, network);
  const claims: Claim[] = [];
  for (const spec of specs) {
    const names = hostNames(place.prefix, network, spec.name);
    const record = await readHost(place.state, names.key);
    if (record?.phase === "running" && (await isRunning(place.state, names))) {
      if (record.nat !== spec.nat || record.internet !== spec.internet) {
        throw new TunnelMeshError("TM_LOCAL_CHANGED", { detail: `${network}/${spec.name}` });
      }
      claims.push({ network: router, host: record, fresh: false });
      continue;
    }
    await removeHost(place, network, spec.name);
  }
  for (const spec of specs) {
    if (claims.some((claim) => claim.host.name === spec.name)) continue;
    claims.push({ network: router, host: await claim(place, network, spec), fresh: true });
  }
  return claims;
}

async function claim(place: LocalPlace, network: string, spec: LocalHostSpec): Promise<HostRecord> {
  const others = [...(await readHosts(place.state)).values()].filter((host) => host.network === network);
  const record: HostRecord = {
    v: 1,
    network,
    name: spec.name,
    nat: spec.nat,
    internet: spec.internet,
    ...pickIndex(spec.nat, others),
    phase: "making",
    owner: await ownMark(),
    hostKey: "",
    lower: await lowerMark(place.packageDatabases),
  };
  await writeHost(place.state, hostNames(place.prefix, network, spec.name).key, record);
  return record;
}

/** Gives the network's router; one that is not whole any more is made again, and its hosts with it. */
async function ensureRouter(place: LocalPlace, network: string): Promise<NetworkRecord> {
  const names = networkNames(place.prefix, network);
  const boot = await bootId();
  const found = await readNetwork(place.state, names.key);
  const whole = (await listNamespaces()).includes(names.router) && (await listInterfaces()).includes(names.link);
  if (found?.phase === "ready" && found.boot === boot && whole) return found;
  const cut = [...(await readHosts(place.state)).values()].filter((host) => host.network === network);
  for (const host of cut) await removeHost(place, network, host.name);
  await removeRouter(place, network);
  const recorded = [...(await readNetworks(place.state)).values()];
  const ranges = pickRanges(`${place.prefix} ${network}`, await listRoutes(), recorded);
  const record: NetworkRecord = { v: 1, network, phase: "making", boot, ...ranges };
  await writeNetwork(place.state, names.key, record);
  await wireUp(planRouter(names, record)).catch(fail(`network ${network}`));
  const ready: NetworkRecord = { ...record, phase: "ready" };
  await writeNetwork(place.state, names.key, ready);
  return ready;
}

function fail(what: string, signal?: AbortSignal): (cause: unknown) => never {
  return (cause) => {
    signal?.throwIfAborted();
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new TunnelMeshError("TM_LOCAL_START", { detail: `${what}: ${said}`, cause });
  };
}

async function build(
  place: LocalPlace,
  { network, host }: Claim,
  facts: Awaited<ReturnType<typeof readMachine>>,
  options: UpOptions,
): Promise<LocalHostInfo> {
  const router = networkNames(place.prefix, host.network);
  const names = hostNames(place.prefix, host.network, host.name);
  const tell = (text: string): void => {
    options.signal?.throwIfAborted();
    place.log(`${host.network}/${host.name}: ${text}`);
    options.onProgress?.(host.name, text);
  };
  const make = async (): Promise<HostRecord> => {
    tell("making its root and its network");
    const [hostKey] = await Promise.all([
      makeRoot(place.state, names.key, host, facts),
      wireUp(planLink(router, names, network, host)),
    ]);
    if (host.internet) {
      await withLock(place.state, async () => {
        await wireUp(planInternet(router, network, host));
        await allowForwarding();
      });
    }
    const made: HostRecord = { ...host, hostKey };
    await writeHost(place.state, names.key, made);
    tell("starting");
    await startContainer(place.state, names, { name: host.name, covered: coveredFolders(place.hiddenFolders) });
    return made;
  };
  const made = await make().catch(fail(`host ${host.name}`, options.signal));
  tell("waiting for SSH");
  const info = describe(network, made, "running");
  const alive = (): Promise<boolean> => isRunning(place.state, names);
  if (!(await waitForBanner(info.address, bannerMilliseconds, alive, options.signal))) {
    options.signal?.throwIfAborted();
    const log = await lastLines(place.state, names.key);
    throw new TunnelMeshError("TM_LOCAL_NO_SSH", { detail: `${host.name} (${info.address}:22)\n${log}` });
  }
  await writeHost(place.state, names.key, { ...made, phase: "running" });
  tell(`answers SSH at ${info.address}`);
  return info;
}

/** What the contract says about a host. */
export function describe(
  network: NetworkRecord,
  host: HostRecord,
  state: LocalHostInfo["state"],
  lower: string | undefined = host.lower,
): LocalHostInfo {
  const { name, nat, internet, hostKey } = host;
  const address = hostAddresses(network, host).outside4;
  return {
    name,
    network: host.network,
    nat,
    internet,
    address,
    hostKey,
    state,
    outdated: host.lower !== undefined && host.lower !== lower,
  };
}
