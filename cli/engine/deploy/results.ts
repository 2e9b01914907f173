// One result per host of a deploy: what was done, or the first thing that failed.
import type { AgentStatus } from "../../../protocol/control/agent.ts";
import type { HostResult } from "./contract.ts";
import type { PreparedHost } from "./hosts.ts";
import type { InstalledHost } from "./install.ts";
import type { UnreachedHost } from "./reach.ts";
import { reportError, type Settled } from "./report.ts";

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
