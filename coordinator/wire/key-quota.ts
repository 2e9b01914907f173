// How often a member may bring new keys: each item is stored, pushed to every member and written there, so it must stay rare.
import type { NodeId } from "../../protocol/brand.ts";
import { type KeysRule, onlyGranted } from "../membership/registry.ts";
import { TokenBucket } from "./bucket.ts";

/** A node renews its keys when a secret is rotated or after a restart: far below ten in a row and six a minute. */
const burst = 10;
const perSecond = 0.1;

export class KeyQuota {
  readonly #buckets = new Map<NodeId, TokenBucket>();
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * The rule for what `member` submits. Charged is the member that the channel has authenticated, over all its channels, and never
   * the node that an item names: its signature is not checked yet, and anybody could use up another's quota.
   */
  ruleOf(member: NodeId): KeysRule {
    return (nid, view) => {
      const refusal = onlyGranted(nid, view);
      if (refusal !== undefined) return refusal;
      const now = this.#now();
      const bucket = this.#buckets.get(member) ?? new TokenBucket(perSecond, burst, now);
      this.#buckets.set(member, bucket);
      return bucket.take(1, now) ? undefined : "too-often";
    };
  }
}
