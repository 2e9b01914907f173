// This node's addresses as its peers see them: behind a NAT the only ones that others can use.
import type { Endpoint } from "../../protocol/coordination/messages.ts";
import type { Core } from "./core.ts";

/** A NAT that gives each peer another port would fill any list. */
const limit = 2;

/** What most peers agree on, without what is in `local` already. */
export function observedEndpoints(core: Core, local: readonly Endpoint[]): Endpoint[] {
  const votes = new Map<string, { readonly endpoint: Endpoint; count: number }>();
  for (const { observed } of core.links.values()) {
    if (observed === undefined || core.inside.has(observed.address)) continue;
    const { address, port } = observed;
    if (local.some((one) => one.address === address && one.port === port)) continue;
    const key = `${address} ${port}`;
    const vote = votes.get(key) ?? { endpoint: { kind: "observed", address, port }, count: 0 };
    vote.count += 1;
    votes.set(key, vote);
  }
  const ranked = [...votes].toSorted(
    ([left, one], [right, other]) => other.count - one.count || (left < right ? -1 : 1),
  );
  return ranked.slice(0, limit).map(([, { endpoint }]) => endpoint);
}
