// Places that were proposed to joining nodes and not granted yet: in memory, few for each token, for a few minutes.
import type { NodeId } from "../../protocol/brand.ts";
import type { Place } from "../membership/proposals.ts";

/** A join that was not finished by then asks again. */
const lifetime = 10 * 60_000;
/** Places that one token keeps at once: whoever holds it cannot use up the mesh's range by asking. */
const perToken = 64;

interface Pending extends Place {
  readonly nid: NodeId;
  readonly tid: string;
  readonly until: number;
}

export class PendingJoins {
  readonly #pending = new Map<NodeId, Pending>();
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  all(): readonly Pending[] {
    const now = this.#now();
    for (const [nid, { until }] of this.#pending) if (until <= now) this.#pending.delete(nid);
    return [...this.#pending.values()];
  }

  /** Keeps a place for a node; the token's oldest goes where it has too many. */
  keep(nid: NodeId, tid: string, place: Place): void {
    this.#pending.delete(nid);
    const own = this.all().filter((one) => one.tid === tid);
    if (own.length >= perToken) this.#pending.delete(own[0]!.nid);
    this.#pending.set(nid, { ...place, nid, tid, until: this.#now() + lifetime });
  }

  end(nid: NodeId): void {
    this.#pending.delete(nid);
  }
}
