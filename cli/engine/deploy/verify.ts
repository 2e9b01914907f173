// Proves the mesh: every agent is a member and connected, and members reach each other through their tunnels.
import { setTimeout as delay } from "node:timers/promises";
import { type AgentStatus, agentStatusSchema, pingReplySchema } from "../../../protocol/control/agent.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { agentRequest } from "../install/control.ts";
import type { HostConnection } from "../ssh/connection.ts";

const patience = 30_000;
const interval = 250;
/** Up to this many hosts every pair is tried; beyond it, each against the coordinator. */
const allPairsLimit = 8;

export interface VerifiedHost {
  readonly name: string;
  readonly coordinator: boolean;
  readonly connection: HostConnection;
}

/** Waits until the host's agent is a member and connected. @throws TunnelMeshError TM_DEPLOY_NOT_HEALTHY with what it said last */
export async function waitUntilUp(host: VerifiedHost, mesh: string, signal: AbortSignal): Promise<AgentStatus> {
  const end = performance.now() + patience;
  for (;;) {
    signal.throwIfAborted();
    const status = agentStatusSchema.parse(await agentRequest(host.connection, mesh, { method: "status" }, signal));
    if (status.state === "up" && status.coordinator.state === "connected") return status;
    if (performance.now() > end) {
      const { state, error } = status.coordinator;
      const said = `${host.name} is ${status.state}, its coordinator ${state}${error === undefined ? "" : ` (${error})`}`;
      throw new TunnelMeshError("TM_DEPLOY_NOT_HEALTHY", { detail: said });
    }
    await delay(interval);
  }
}

/** Pings from `host` to the others it should be tried against. @throws TunnelMeshError TM_DEPLOY_NO_ROUTE naming the pair */
export async function pingOthers(
  host: VerifiedHost,
  all: readonly VerifiedHost[],
  mesh: string,
  signal: AbortSignal,
): Promise<void> {
  const others = all.filter(
    (other) => other.name !== host.name && (all.length <= allPairsLimit || other.coordinator || host.coordinator),
  );
  for (const other of others) await pingUntilAnswered(host, other.name, mesh, signal);
}

async function pingUntilAnswered(host: VerifiedHost, peer: string, mesh: string, signal: AbortSignal): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    signal.throwIfAborted();
    const answered = await ping(host, peer, mesh, signal);
    if (answered) return;
    if (performance.now() > end) throw new TunnelMeshError("TM_DEPLOY_NO_ROUTE", { detail: `${host.name} → ${peer}` });
    await delay(interval);
  }
}

async function ping(host: VerifiedHost, peer: string, mesh: string, signal: AbortSignal): Promise<boolean> {
  // A peer that the newest map has not brought yet is unknown to the agent: that counts as no answer, for now.
  const reply = await agentRequest(host.connection, mesh, { method: "ping", peer, count: 1 }, signal).catch((error) => {
    signal.throwIfAborted();
    if (error instanceof TunnelMeshError) return { path: { kind: "none" }, roundTrips: [null] };
    throw error;
  });
  return pingReplySchema.parse(reply).roundTrips.some((trip) => trip !== null);
}
