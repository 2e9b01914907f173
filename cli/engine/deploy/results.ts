// One result per host of a deploy: what was done, or the first thing that failed.
import type { AgentStatus } from "../../../protocol/control/agent.ts";
import type { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { releaseName } from "../install/specification.ts";
import type { DeployResult, HostResult, HostState } from "./contract.ts";
import type { PreparedHost } from "./hosts.ts";
import type { InstalledHost } from "./install.ts";
import type { UnreachedHost } from "./reach.ts";
import { reportError, type Settled } from "./report.ts";
import type { Run } from "./run.ts";
import { stoppedBefore } from "./upgrade-steps.ts";

/** One result per host of the stack: what failed says why, and the first failure of a host is the one that is told. */
export function collectResults(
  prepared: readonly PreparedHost[],
  unready: readonly UnreachedHost[],
  installed: readonly Settled<PreparedHost, InstalledHost & { readonly status: AgentStatus }>[],
  proofs: readonly Settled<InstalledHost, void>[],
): readonly HostResult[] {
  const unproven = new Map(proofs.flatMap((proof) => (proof.ok ? [] : [[proof.of.name, proof.error] as const])));
  const missing = unready.map(failedHost);
  const tried = prepared.map((host, index): HostResult => {
    const { name } = host.member;
    const where = { name, address: host.connection.address };
    const one = installed[index];
    if (one === undefined || !one.ok) {
      if (one === undefined) return { ...where, state: "failed" };
      return { ...where, state: failedState(one.error), error: reportError(one.error) };
    }
    const { ip4, ip6 } = one.value.status;
    const addresses = { ip6, ...(ip4 === undefined ? {} : { ip4 }) };
    const failure = unproven.get(name);
    if (failure !== undefined) return { ...where, ...addresses, state: "failed", error: reportError(failure) };
    return { ...where, ...addresses, state: one.value.state };
  });
  return [...missing, ...tried];
}

/** The result of a deploy whose coordinator's host went back to the release before: no other host was touched. */
export function stoppedAtCoordinator(
  run: Run,
  meshId: string,
  error: TunnelMeshError,
  prepared: readonly PreparedHost[],
  unready: readonly UnreachedHost[],
): DeployResult {
  const hub = prepared.find(({ member }) => member.role === "coordinator");
  const failures = prepared.map((host) => ({
    ok: false as const,
    of: host,
    error: host === hub ? error : stoppedBefore(host.member.name, hub?.member.name ?? "the coordinator"),
  }));
  const hosts = collectResults(prepared, unready, failures, []);
  return {
    mesh: run.model.name,
    meshId,
    stage: run.model.stage,
    release: hub === undefined ? "" : releaseName(hub.release),
    hosts: hosts.toSorted((left, right) => left.name.localeCompare(right.name, "en")),
    failed: hosts.filter(isFailed).length,
  };
}

/** The result of a deploy that makes hosts and leaves the mesh to another one. */
export function hostsAlone(
  run: Run,
  meshId: string,
  prepared: readonly PreparedHost[],
  unready: readonly UnreachedHost[],
): DeployResult {
  const hosts = [
    ...prepared.map(({ member, connection, fresh }): HostResult => {
      return { name: member.name, address: connection.address, state: fresh ? "made" : "unchanged" };
    }),
    ...unready.map(failedHost),
  ];
  const [first] = prepared;
  return {
    mesh: run.model.name,
    meshId,
    stage: run.model.stage,
    release: first === undefined ? "" : releaseName(first.release),
    hosts: hosts.toSorted((left, right) => left.name.localeCompare(right.name, "en")),
    failed: unready.length,
  };
}

function failedHost({ member, error }: UnreachedHost): HostResult {
  return { name: member.name, state: "failed", error: reportError(error) };
}

/** Says whether a host is not as the stack wants it. */
export function isFailed({ state }: Pick<HostResult, "state">): boolean {
  return state === "failed" || state === "rolled-back" || state === "waiting";
}

function failedState({ code }: TunnelMeshError): HostState {
  return code === "TM_UPGRADE_ROLLED_BACK" ? "rolled-back" : code === "TM_UPGRADE_STOPPED" ? "waiting" : "failed";
}
