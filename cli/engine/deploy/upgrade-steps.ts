// Works on hosts in the order of an upgrade: a step begins when the one before went well, and nothing begins after a failure.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { UpgradeStep } from "./contract.ts";
import { type Settled, settleAll } from "./report.ts";

interface Named {
  readonly member: { readonly name: string };
}

/**
 * As settleAll, in steps. Hosts that `order` does not name are unchanged by the upgrade and come first; without an order all are
 * worked on at once and a failure stops nobody. Results are in the order of `hosts`.
 */
export async function settleInOrder<T extends Named, R>(
  hosts: readonly T[],
  order: readonly UpgradeStep[],
  parallel: number,
  signal: AbortSignal,
  work: (host: T) => Promise<R>,
): Promise<readonly Settled<T, R>[]> {
  if (order.length === 0) return settleAll(hosts, parallel, signal, work);
  const ordered = new Set(order.flatMap((step) => step.hosts));
  const named = (names: readonly string[]) => hosts.filter(({ member }) => names.includes(member.name));
  const settled = new Map<T, Settled<T, R>>();
  let unhealthy: string | undefined;
  const guarded = async (host: T): Promise<R> => {
    if (unhealthy !== undefined) throw stoppedBefore(host.member.name, unhealthy);
    try {
      return await work(host);
    } catch (error) {
      unhealthy ??= host.member.name;
      throw error;
    }
  };
  const others = hosts.filter(({ member }) => !ordered.has(member.name));
  for (const one of await settleAll(others, parallel, signal, work)) settled.set(one.of, one);
  for (const step of order) {
    for (const one of await settleAll(named(step.hosts), parallel, signal, guarded)) settled.set(one.of, one);
  }
  return hosts.flatMap((host) => settled.get(host) ?? []);
}

/** The error of a host that an upgrade did not get to. */
export function stoppedBefore(name: string, unhealthy: string): TunnelMeshError {
  return new TunnelMeshError("TM_UPGRADE_STOPPED", { detail: `${name}, because of ${unhealthy}` });
}
