// Errors of one host as results carry them, and work on many hosts where one failure does not stop the others.
import pLimit from "p-limit";
import type { AgentStatus } from "../../../protocol/control/agent.ts";
import { isTunnelMeshError, type TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ErrorReport, HostResult } from "./contract.ts";
import type { PreparedHost } from "./hosts.ts";
import type { InstalledHost } from "./install.ts";
import type { UnreachedHost } from "./reach.ts";

/** The error form of --json. */
export function reportError(error: TunnelMeshError): ErrorReport {
  return {
    code: error.code,
    message: error.message,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    advice: error.advice,
  };
}

export type Settled<T, R> =
  | { readonly ok: true; readonly of: T; readonly value: R }
  | { readonly ok: false; readonly of: T; readonly error: TunnelMeshError };

/**
 * Works on all of `many`, at most `parallel` at once; a TunnelMeshError of one is a value. Anything else is a defect and is thrown
 * when all have ended, so is the reason of an aborted `signal`.
 */
export async function settleAll<T, R>(
  many: readonly T[],
  parallel: number,
  signal: AbortSignal,
  work: (one: T) => Promise<R>,
): Promise<readonly Settled<T, R>[]> {
  const limit = pLimit(parallel);
  const settled = await Promise.allSettled(
    many.map((one) =>
      limit(async () => {
        signal.throwIfAborted();
        return work(one);
      }),
    ),
  );
  signal.throwIfAborted();
  return settled.map((result, index) => {
    const of = many[index] as T;
    if (result.status === "fulfilled") return { ok: true, of, value: result.value };
    if (isTunnelMeshError(result.reason)) return { ok: false, of, error: result.reason };
    throw result.reason;
  });
}

/** One result per host of the stack: what failed says why, and the first failure of a host is the one that is told. */
export function collectResults(
  prepared: readonly PreparedHost[],
  unready: readonly UnreachedHost[],
  installed: readonly Settled<PreparedHost, InstalledHost & { readonly status: AgentStatus }>[],
  proofs: readonly Settled<InstalledHost, void>[],
): readonly HostResult[] {
  const unproven = new Map(proofs.flatMap((proof) => (proof.ok ? [] : [[proof.of.name, proof.error] as const])));
  const missing = unready.map(
    ({ member, error }): HostResult => ({ name: member.name, state: "failed", error: reportError(error) }),
  );
  const tried = prepared.map((host, index): HostResult => {
    const { name } = host.member;
    const where = { name, address: host.connection.address };
    const one = installed[index];
    if (one === undefined || !one.ok) {
      return { ...where, state: "failed", ...(one === undefined ? {} : { error: reportError(one.error) }) };
    }
    const { ip4, ip6 } = one.value.status;
    const addresses = { ip6, ...(ip4 === undefined ? {} : { ip4 }) };
    const failure = unproven.get(name);
    if (failure !== undefined) return { ...where, ...addresses, state: "failed", error: reportError(failure) };
    return { ...where, ...addresses, state: one.value.state };
  });
  return [...missing, ...tried];
}
