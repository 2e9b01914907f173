// Gives one host another release and takes it back when the host is not well with it: what makes an upgrade safe to try.
import { setTimeout as delay } from "node:timers/promises";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { executeInstall } from "../install/execute.ts";
import { type InstallPlan, isUpgrade } from "../install/plan.ts";
import { finishRollback, switchBack } from "../install/rollback.ts";
import { releaseName } from "../install/specification.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { PreparedHost } from "./hosts.ts";
import { checkRelease, type Patient, reachedPeers } from "./release-health.ts";
import type { Run } from "./run.ts";

/** Seconds that the new release has to start. */
const startSeconds = 20;
/** Tries to reach a host again whose connection broke while it changed its release, a second apart. */
const reconnects = 10;

/**
 * Executes `plan`. Where it changes the release of a host that had one, the host has to be well afterwards; else it goes back to the
 * release before.
 * @throws TunnelMeshError TM_UPGRADE_ROLLED_BACK, TM_UPGRADE_ROLLBACK_FAILED; before the switch what stopped the install
 */
export async function installOrRollBack(run: Run, host: PreparedHost, plan: InstallPlan): Promise<void> {
  const { signal, progress } = run.context;
  const row = progress.row(host.member.name);
  const mesh = run.model.name;
  if (!isUpgrade(host.facts, releaseName(plan.release))) {
    return executeInstall(host.connection, plan, { progress: row, signal });
  }
  const patient = patientOf(host, plan);
  const peers = await reachedPeers(patient, mesh, signal);
  let switched = !plan.steps.some(({ kind }) => kind === "switch");
  try {
    await executeInstall(host.connection, plan, {
      progress: row,
      signal,
      startSeconds,
      onStep: ({ kind }) => {
        switched ||= kind === "switch";
      },
      async verify() {
        row.update("checking that it is well with the new release");
        await checkRelease(patient, mesh, plan.release.version, peers, signal);
      },
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!isTunnelMeshError(error) || !switched) throw error;
    throw await rollBack(run, host, patient, peers, error);
  }
}

/** Takes the host back; gives the error that tells what happened. */
async function rollBack(
  run: Run,
  host: PreparedHost,
  patient: Patient,
  peers: readonly string[],
  reason: TunnelMeshError,
): Promise<TunnelMeshError> {
  const { signal, progress } = run.context;
  const mesh = run.model.name;
  const name = host.member.name;
  progress.log(`${name} is not well with the new release: ${reason.message}`);
  progress.row(name).update("going back to the release before");
  const before = host.facts.currentRelease ?? "";
  try {
    const connection = await livingConnection(run, host);
    await switchBack(connection, mesh, signal);
    // A killed upgrade had switched already: then `current` was not the release before.
    const upgraded = before === releaseName(host.release);
    const back = upgraded ? (host.facts.previousRelease ?? "") : before;
    await checkRelease({ ...patient, connection }, mesh, versionOf(back), peers, signal);
    await finishRollback(connection, mesh, { ...host.facts, previousRelease: back }, signal);
    return new TunnelMeshError("TM_UPGRADE_ROLLED_BACK", {
      detail: `${name} is back on ${back}: ${reason.message}`,
      cause: reason,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!isTunnelMeshError(error)) throw error;
    return new TunnelMeshError("TM_UPGRADE_ROLLBACK_FAILED", {
      detail: `${name}: ${error.message}\nIt was to go back because: ${reason.message}`,
      cause: error,
    });
  }
}

/** The host's connection, or a new one where a release that went wrong broke it. */
async function livingConnection(run: Run, host: PreparedHost): Promise<HostConnection> {
  const { signal } = run.context;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const outcome = attempt === 0 ? undefined : (await run.reach(false, [host.member]))[0];
      if (outcome?.kind === "unreached") throw outcome.error;
      const connection = outcome?.connection ?? host.connection;
      await connection.check("true", { signal, timeout: 5_000 });
      return connection;
    } catch (error) {
      signal.throwIfAborted();
      if (!isTunnelMeshError(error) || attempt >= reconnects) throw error;
      await delay(1_000);
    }
  }
}

/** "1.2.3-beta.1-0123456789abcdef" → "1.2.3-beta.1" */
export function versionOf(release: string): string {
  return release.replace(/-[0-9a-f]{16}$/, "");
}

function patientOf(host: PreparedHost, plan: InstallPlan): Patient {
  const starts = (service: string) => plan.steps.some((step) => step.kind === "start" && step.service === service);
  return {
    name: host.member.name,
    connection: host.connection,
    agent: host.facts.agentInstalled || starts("agent"),
    coordinator: host.member.role === "coordinator",
  };
}
