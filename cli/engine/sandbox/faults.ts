// Puts faults into the running sandbox and takes them out, and empties it.
import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { dropletSchema } from "./api/droplets.ts";
import { type faultRequest, faultsSchema } from "./api/faults.ts";
import { resetSchema } from "./api/reset.ts";
import { askSandbox, listOf } from "./client.ts";
import { type SandboxPlace, sandboxPlace } from "./place.ts";
import { runningSandbox } from "./sandbox.ts";

const resetTimeout = 120_000;

/** What is left out stands for the kind's own. */
export type FaultWish = z.input<typeof faultRequest>;
export type Fault = z.output<typeof faultsSchema>["faults"][number];

/** Everything that waits to be met, this one last. @throws TunnelMeshError TM_SANDBOX_… */
export async function addFault(wish: FaultWish, place: SandboxPlace = sandboxPlace()): Promise<readonly Fault[]> {
  const server = await runningSandbox(place);
  return (await askSandbox(server, faultsSchema, "POST", "/sandbox/faults", wish)).faults;
}

/** @throws TunnelMeshError TM_SANDBOX_… */
export async function listFaults(place: SandboxPlace = sandboxPlace()): Promise<readonly Fault[]> {
  return (await askSandbox(await runningSandbox(place), faultsSchema, "GET", "/sandbox/faults")).faults;
}

/** Takes all out, lets go of what one keeps stuck, and gives those that were not met. @throws TunnelMeshError TM_SANDBOX_… */
export async function clearFaults(place: SandboxPlace = sandboxPlace()): Promise<readonly Fault[]> {
  return (await askSandbox(await runningSandbox(place), faultsSchema, "DELETE", "/sandbox/faults")).faults;
}

/**
 * Empties the cloud; address and token stay. Gives the number of droplets that are gone.
 * @throws TunnelMeshError TM_SANDBOX_…
 */
export async function resetSandbox(place: SandboxPlace = sandboxPlace(), signal?: AbortSignal): Promise<number> {
  const server = await runningSandbox(place);
  const { droplets } = await askSandbox(server, resetSchema, "POST", "/sandbox/reset");
  const until = Date.now() + resetTimeout;
  while (Date.now() < until) {
    if ((await listOf(server, dropletSchema, "droplets", "droplets")).length === 0) return droplets;
    await sleep(200, undefined, { signal });
  }
  throw new TunnelMeshError("TM_SANDBOX_START", { detail: `droplets are still there after ${resetTimeout / 1000} s` });
}

/** The value of a fault that so many seconds mean. @throws TunnelMeshError TM_USAGE */
export function readSeconds(kind: FaultWish["kind"], text: string): number {
  const seconds = Number(text);
  if (text.trim() === "" || !(seconds >= 0 && seconds <= 86_400))
    throw new TunnelMeshError("TM_USAGE", { detail: `--seconds ${JSON.stringify(text)}: a number from 0 to 86400` });
  return kind === "slow" ? Math.round(seconds * 1000) : seconds;
}
