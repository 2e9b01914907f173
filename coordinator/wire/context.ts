// What every channel of one coordinator shares.
import type { Logger } from "pino";
import type { KeyPair } from "../../protocol/noise/primitives.ts";
import type { Counters } from "../counters.ts";
import type { Limits } from "../limits.ts";
import type { Registry } from "../membership/registry.ts";
import type { KeyQuota } from "./key-quota.ts";
import type { PendingJoins } from "./pending-joins.ts";
import type { Roster } from "./roster.ts";

export interface WireContext {
  readonly registry: Registry;
  readonly roster: Roster;
  readonly keyQuota: KeyQuota;
  readonly pendingJoins: PendingJoins;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly key: KeyPair;
  /** 32 bytes. */
  readonly meshId: Uint8Array;
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Unix milliseconds. */
  readonly wallClock: () => number;
}
