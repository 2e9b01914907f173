// Whether a host is well with the release it was just given: it answers as that release, stays up, connects, reaches whom it reached.
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { coordinatorStatusSchema } from "../../../protocol/control/admin.ts";
import { type AgentStatus, agentStatusSchema, pingReplySchema } from "../../../protocol/control/agent.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { agentRequest, coordinatorRequest } from "../install/control.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";

/** Milliseconds from the first look until a host has to be well. With the time to start and to go back it stays under a minute. */
const patience = 25_000;
const interval = 250;
/** A service that was restarted within this time of looking well is not. */
const steadyFor = 2_000;
/** Peers that are tried; each costs a round trip. */
const peerLimit = 8;

export interface Patient {
  readonly name: string;
  readonly connection: HostConnection;
  /** What runs there. */
  readonly agent: boolean;
  readonly coordinator: boolean;
}

const peerSchema = z.array(z.object({ name: z.string(), online: z.boolean() }));

/** The peers that this host's agent reaches now, a few of them; none where it cannot say. To be asked before anything changes. */
export async function reachedPeers(patient: Patient, mesh: string, signal: AbortSignal): Promise<readonly string[]> {
  if (!patient.agent) return [];
  try {
    const peers = peerSchema.parse(await agentRequest(patient.connection, mesh, { method: "peers" }, signal));
    const known = peers.filter(({ online }) => online).slice(0, peerLimit);
    const answers = await Promise.all(known.map(({ name }) => reaches(patient, name, mesh, signal)));
    return known.filter((_, index) => answers[index]).map(({ name }) => name);
  } catch (error) {
    signal.throwIfAborted();
    // An agent that is down or of a broken release: an upgrade may be what mends it.
    if (isTunnelMeshError(error)) return [];
    throw error;
  }
}

/**
 * Waits until the host is well with version `version`.
 * @throws TunnelMeshError TM_UPGRADE_UNHEALTHY, TM_DEPLOY_NOT_HEALTHY, TM_DEPLOY_NO_ROUTE or why it cannot be asked
 */
export async function checkRelease(
  patient: Patient,
  mesh: string,
  version: string,
  peers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + patience;
  const until = async (look: () => Promise<TunnelMeshError | undefined>): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const problem = await look();
      if (problem === undefined) return;
      if (performance.now() > end) throw problem;
      await delay(interval);
    }
  };
  const started = await unitMarks(patient, mesh, signal);
  const steady = performance.now() + steadyFor;
  if (patient.coordinator) await until(() => coordinatorProblem(patient, mesh, version, signal));
  if (patient.agent) {
    await until(() => agentProblem(patient, mesh, version, signal));
    for (const peer of peers) await until(() => peerProblem(patient, peer, mesh, signal));
  }
  await delay(Math.max(0, steady - performance.now()));
  if ((await unitMarks(patient, mesh, signal)) !== started) {
    throw new TunnelMeshError("TM_UPGRADE_UNHEALTHY", { detail: `${patient.name}: its service does not stay up` });
  }
}

async function coordinatorProblem(patient: Patient, mesh: string, version: string, signal: AbortSignal) {
  return problemOf(signal, async () => {
    const reply = await coordinatorRequest(patient.connection, mesh, { method: "status" }, signal);
    return otherRelease(patient, "coordinator", coordinatorStatusSchema.parse(reply).release, version);
  });
}

async function agentProblem(patient: Patient, mesh: string, version: string, signal: AbortSignal) {
  return problemOf(signal, async () => {
    const reply = await agentRequest(patient.connection, mesh, { method: "status" }, signal);
    const status = agentStatusSchema.parse(reply);
    return otherRelease(patient, "agent", status.release, version) ?? notConnected(patient, status);
  });
}

async function peerProblem(patient: Patient, peer: string, mesh: string, signal: AbortSignal) {
  if (await reaches(patient, peer, mesh, signal)) return undefined;
  return new TunnelMeshError("TM_DEPLOY_NO_ROUTE", { detail: `${patient.name} → ${peer}` });
}

function otherRelease(patient: Patient, service: string, release: string, version: string) {
  if (release === version) return undefined;
  const detail = `${patient.name}: the ${service} says it is release ${release}, not ${version}`;
  return new TunnelMeshError("TM_UPGRADE_UNHEALTHY", { detail });
}

function notConnected({ name }: Patient, { state, coordinator }: AgentStatus) {
  if (state === "up" && coordinator.state === "connected") return undefined;
  const why = coordinator.error === undefined ? "" : ` (${coordinator.error})`;
  const detail = `${name} is ${state}, its coordinator ${coordinator.state}${why}`;
  return new TunnelMeshError("TM_DEPLOY_NOT_HEALTHY", { detail });
}

/** What a question that could not be asked says is what is wrong; a lost connection is for whoever called. */
async function problemOf(signal: AbortSignal, ask: () => Promise<TunnelMeshError | undefined>) {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    if (!isTunnelMeshError(error) || error.code === "TM_SSH_CONNECTION_LOST") throw error;
    return error;
  }
}

async function reaches(patient: Patient, peer: string, mesh: string, signal: AbortSignal): Promise<boolean> {
  try {
    const request = { method: "ping", peer, count: 1 } as const;
    const reply = pingReplySchema.parse(await agentRequest(patient.connection, mesh, request, signal));
    return reply.roundTrips.some((trip) => trip !== null);
  } catch (error) {
    signal.throwIfAborted();
    if (!isTunnelMeshError(error) || error.code === "TM_SSH_CONNECTION_LOST") throw error;
    return false;
  }
}

/** Changes when a unit is started again. */
async function unitMarks(patient: Patient, mesh: string, signal: AbortSignal): Promise<string> {
  const { agentUnit, coordinatorUnit } = hostPaths(mesh);
  const units = [...(patient.agent ? [agentUnit] : []), ...(patient.coordinator ? [coordinatorUnit] : [])];
  const command = `systemctl show -p MainPID -p NRestarts ${units.map(quote).join(" ")}`;
  return patient.connection.check(command, { signal });
}
