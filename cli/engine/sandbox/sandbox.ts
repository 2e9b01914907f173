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
import { dropletSchema } from "./api/droplets.ts";
import { faultsSchema } from "./api/faults.ts";
import { askSandbox, listOf } from "./client.ts";
import { readServer, type SandboxPlace, type SandboxServer, sandboxPlace } from "./place.ts";

const startTimeout = 15_000;
const stopTimeout = 60_000;

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

/** The server when it answers. */
export async function findSandbox(place: SandboxPlace = sandboxPlace()): Promise<SandboxServer | undefined> {
  const server = await readServer(place);
  if (server === undefined) return undefined;
  return (await answers(server)) ? server : undefined;
}

/**
 * Starts the sandbox unless it runs; it goes on after this program has ended.
 * @throws TunnelMeshError TM_SANDBOX_START, and what keeps local hosts from this machine
 */
export async function startSandbox(place: SandboxPlace = sandboxPlace(), signal?: AbortSignal): Promise<SandboxServer> {
  const running = await findSandbox(place);
  if (running !== undefined) return running;
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  await checkMachine(place.machines);
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
    await sleep(100, undefined, { signal });
    const server = await findSandbox(place);
    if (server !== undefined) return server;
  }
  const log = await readFile(place.logFile, "utf8");
  throw new TunnelMeshError("TM_SANDBOX_START", { detail: log.trim().split("\n").slice(-5).join("\n") });
}

/** Stops the server and removes its droplets and its state. False when there was nothing. */
export async function removeSandbox(place: SandboxPlace = sandboxPlace()): Promise<boolean> {
  if (!existsSync(place.folder)) return false;
  const server = await readServer(place);
  if (server !== undefined && (await answers(server))) await stop(server);
  await createLocalHosts({ state: place.machines }).remove("sandbox");
  await rm(place.folder, { recursive: true, force: true });
  return true;
}

async function stop(server: SandboxServer): Promise<void> {
  process.kill(server.pid, "SIGTERM");
  const until = Date.now() + stopTimeout;
  while (Date.now() < until) {
    // It ends after what it is doing with its machines.
    if (!runs(server.pid)) return;
    await sleep(100);
  }
  throw new TunnelMeshError("TM_SANDBOX_START", { detail: `the server (process ${server.pid}) does not stop` });
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** The server, which has to answer. @throws TunnelMeshError TM_SANDBOX_NOT_RUNNING */
export async function runningSandbox(place: SandboxPlace = sandboxPlace()): Promise<SandboxServer> {
  const server = await findSandbox(place);
  if (server === undefined) throw new TunnelMeshError("TM_SANDBOX_NOT_RUNNING");
  return server;
}

/** @throws TunnelMeshError TM_SANDBOX_NOT_RUNNING */
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

/** Asks what no fault meets. */
async function answers({ url, token }: SandboxServer): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${url}/sandbox/faults`, { headers, signal: AbortSignal.timeout(5_000) })).ok;
  } catch (error) {
    // fetch says TypeError for whatever keeps it from an answer.
    if (error instanceof TypeError || (error as Error).name === "TimeoutError") return false;
    throw error;
  }
}
