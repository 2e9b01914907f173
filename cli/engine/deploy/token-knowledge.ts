// Whether everybody knows tokens: an agent that meets an operation it does not know stops at the entry before it.
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { agentRequest, coordinatorRequest } from "../install/control.ts";
import type { HostOutcome, ReachedHost } from "./reach.ts";
import { settleAll } from "./report.ts";
import { type Run, reachedOf } from "./run.ts";

/**
 * Asks every reached member and the coordinator.
 * @returns names of members that could not be asked
 * @throws TunnelMeshError TM_TOKEN_OLD_RELEASE naming those that do not know tokens
 */
export async function checkTokenKnowledge(run: Run, outcomes: readonly HostOutcome[]): Promise<readonly string[]> {
  const { signal } = run.context;
  const settled = await settleAll(reachedOf(outcomes), run.parallel, signal, (host) => ask(run, host));
  const old = settled.flatMap((one) =>
    !one.ok && one.error.code === "TM_INSTALL_REFUSED" ? [one.of.member.name] : [],
  );
  if (old.length > 0) throw new TunnelMeshError("TM_TOKEN_OLD_RELEASE", { detail: old.join(", ") });
  return [
    ...outcomes.flatMap((outcome) => (outcome.kind === "unreached" ? [outcome.member.name] : [])),
    ...settled.flatMap((one) => (one.ok ? [] : [one.of.member.name])),
  ];
}

async function ask(run: Run, { member, connection }: ReachedHost): Promise<void> {
  const { signal } = run.context;
  const request = { method: "tokens" } as const;
  if (member.role === "coordinator") await coordinatorRequest(connection, run.model.name, request, signal);
  await agentRequest(connection, run.model.name, request, signal).catch((error: unknown) => {
    // The services of one host are of one release: the coordinator has answered for an agent that does not run.
    if (member.role !== "coordinator" || !isTunnelMeshError(error) || error.code === "TM_INSTALL_REFUSED") throw error;
  });
}
