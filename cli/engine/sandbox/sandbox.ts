// The sandbox cloud from outside its process: start, stop, look, empty.
import { spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { createLocalHosts } from "../local/hosts.ts";
import { checkMachine } from "../local/preflight.ts";
import { waitForLock } from "../trust/lock.ts";
import { dropletSchema } from "./api/droplets.ts";
import { faultsSchema } from "./api/faults.ts";
import { askSandbox, listOf } from "./client.ts";
import { readCloud } from "./cloud.ts";
import { readServer, type SandboxPlace, type SandboxServer, sandboxPlace } from "./place.ts";
import { findServerProcess, killServerProcess, type ServerProcess, stopServerProcess } from "./server-process.ts";

/** Milliseconds, all of them. */
const startTimeout = 15_000;
const stopTimeout = 60_000;
/** For another program that stops one and starts one. */
const startPatience = startTimeout + stopTimeout;
const pace = 100;

/** Lists by their root in an answer, and where they are. */
const counted = {
  firewalls: "firewalls",
  vpcs: "vpcs",
  volumes: "volumes",
  reserved_ips: "reserved_ips",
  domains: "domains",
  ssh_keys: "account/keys",
  tags: "tags",
} as const;

/** What of the cloud's state is worth a line. */
export interface SandboxStatus {
  readonly running: true;
  readonly url: string;
  /** The page that shows it in a browser. */
  readonly page: string;
  readonly droplets: readonly {
    readonly id: number;
    readonly name: string;
    readonly status: string;
    readonly region: string;
    readonly size: string;
    readonly publicIp: string | null;
  }[];
  readonly counts: Readonly<Record<keyof typeof counted, number>>;
  /** Faults that wait to be met. */
  readonly faults: readonly z.output<typeof faultsSchema>["faults"][number][];
}

/** The server when it answers. @throws TunnelMeshError TM_SANDBOX_RECORD */
export async function findSandbox(place: SandboxPlace = sandboxPlace()): Promise<SandboxServer | undefined> {
  const server = await readServer(place);
  if (server === undefined) return undefined;
  return (await ask(server)) === "yes" ? server : undefined;
}

/**
 * Starts the sandbox unless it runs; it goes on after this program has ended. One that runs and does not answer, as another release
 * may have started it, is stopped first: what it holds is on disk, and its machines stand.
 * @param log is told what happens beside the plain start
 * @throws TunnelMeshError TM_SANDBOX_START, TM_SANDBOX_RECORD, and what keeps local hosts from this machine
 */
export async function startSandbox(
  place: SandboxPlace = sandboxPlace(),
  signal?: AbortSignal,
  log: (line: string) => void = () => undefined,
): Promise<SandboxServer> {
  const running = await findSandbox(place);
  if (running !== undefined) return running;
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  await checkMachine(place.machines);
  // One starts it, the others find it started.
  const lock = await waitForLock(place.startFile, startPatience, signal);
  try {
    return (await settled(place, signal)) ?? (await start(place, signal, log));
  } finally {
    await lock.release();
  }
}

/** The server that runs; one that is silent may be busy, and is given time. */
async function settled(place: SandboxPlace, signal?: AbortSignal): Promise<SandboxServer | undefined> {
  const until = Date.now() + startTimeout;
  for (;;) {
    const server = await readServer(place);
    const said = server === undefined ? "silent" : await ask(server);
    if (said === "yes") return server;
    if (said === "no" || Date.now() > until || (await findServerProcess(place)) === undefined) return undefined;
    await sleep(pace, undefined, { signal });
  }
}

async function start(
  place: SandboxPlace,
  signal: AbortSignal | undefined,
  log: (line: string) => void,
): Promise<SandboxServer> {
  const other = await findServerProcess(place);
  if (other !== undefined) {
    log(`stopping a sandbox that does not answer: process ${other.pid}, started from ${other.program}`);
    if (!(await stopServerProcess(other, stopTimeout))) throw doesNotStop(other);
  }
  // Said here, where somebody reads it, and not in the log of a process that ends.
  await readCloud(place.cloudFile);
  const extension = path.extname(fileURLToPath(import.meta.url));
  const program = fileURLToPath(new URL(`./sandbox-cloud${extension}`, import.meta.url));
  const output = openSync(place.logFile, "a", 0o600);
  const child = spawn(process.execPath, [...process.execArgv, program], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, TM_SANDBOX_DIR: place.folder },
  });
  child.unref();
  const until = Date.now() + startTimeout;
  while (Date.now() < until && child.exitCode === null) {
    await sleep(pace, undefined, { signal });
    const server = await findSandbox(place);
    if (server !== undefined) return server;
  }
  const said = await readFile(place.logFile, "utf8");
  throw new TunnelMeshError("TM_SANDBOX_START", { detail: said.trim().split("\n").slice(-5).join("\n") });
}

/**
 * Stops the server, whichever release has started it, and removes its droplets and its state. False when there was nothing.
 * @throws TunnelMeshError what keeps its droplets from being removed
 */
export async function removeSandbox(place: SandboxPlace = sandboxPlace()): Promise<boolean> {
  const server = await findServerProcess(place);
  // All that it holds goes anyway.
  if (server !== undefined && !(await stopServerProcess(server, stopTimeout))) await killServerProcess(server);
  if (!existsSync(place.folder)) return false;
  await createLocalHosts({ state: place.machines }).remove("sandbox");
  await rm(place.folder, { recursive: true, force: true });
  return true;
}

function doesNotStop({ pid }: ServerProcess): TunnelMeshError {
  return new TunnelMeshError("TM_SANDBOX_START", {
    detail: `the server (process ${pid}) does not stop`,
    advice: [`End it, and run this again; what it holds is on disk: kill -9 ${pid}`],
  });
}

/** The server, which has to answer. @throws TunnelMeshError TM_SANDBOX_NOT_RUNNING, TM_SANDBOX_OTHER_RELEASE, TM_SANDBOX_RECORD */
export async function runningSandbox(place: SandboxPlace = sandboxPlace()): Promise<SandboxServer> {
  const server = await findSandbox(place);
  if (server !== undefined) return server;
  const other = await findServerProcess(place);
  if (other === undefined) throw new TunnelMeshError("TM_SANDBOX_NOT_RUNNING");
  throw new TunnelMeshError("TM_SANDBOX_OTHER_RELEASE", {
    detail: `process ${other.pid}, started from ${other.program}`,
  });
}

/** @throws TunnelMeshError TM_SANDBOX_NOT_RUNNING, TM_SANDBOX_OTHER_RELEASE */
export async function sandboxStatus(place: SandboxPlace = sandboxPlace()): Promise<SandboxStatus> {
  const server = await runningSandbox(place);
  const droplets = await listOf(server, dropletSchema, "droplets", "droplets");
  const { faults } = await askSandbox(server, faultsSchema, "GET", "/sandbox/faults");
  const counts = await Promise.all(
    Object.entries(counted).map(
      async ([root, at]) => [root, (await listOf(server, z.unknown(), at, root)).length] as const,
    ),
  );
  return {
    running: true,
    url: server.url,
    page: pageOf(server),
    droplets: droplets.map(({ id, name, status, region, size_slug, networks }) => ({
      id,
      name,
      status,
      region: region.slug,
      size: size_slug,
      publicIp: networks.v4.find(({ type }) => type === "public")?.ip_address ?? null,
    })),
    counts: Object.fromEntries(counts) as SandboxStatus["counts"],
    faults,
  };
}

/** Where a browser shows what the cloud holds. */
export function pageOf({ url }: SandboxServer): string {
  return `${url}/sandbox`;
}

/** What a program needs to take the sandbox for the service. */
export function sandboxEnvironment({ url, token }: SandboxServer): Readonly<Record<string, string>> {
  return { DIGITALOCEAN_API_URL: url, DIGITALOCEAN_TOKEN: token };
}

/** Asks what no fault meets. "no": something answers, and it is not what this release understands. */
async function ask({ url, token }: SandboxServer): Promise<"yes" | "no" | "silent"> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const { ok } = await fetch(`${url}/sandbox/faults`, { headers, signal: AbortSignal.timeout(5_000) });
    return ok ? "yes" : "no";
  } catch (error) {
    // fetch says TypeError for whatever keeps it from an answer.
    if (error instanceof TypeError || (error as Error).name === "TimeoutError") return "silent";
    throw error;
  }
}
