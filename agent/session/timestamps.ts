// How late this node has said it is: kept over restarts, so that a clock that was set back locks it out nowhere (life.md §8).
import { compareTimestamps, encodeTimestamp, timestampMilliseconds } from "../../protocol/wireguard/tai64n.ts";
import type { TimestampStore } from "../tunnel.ts";

/** Sent timestamps are on disk after so many milliseconds at the latest. */
export const timestampLag = 5_000;
const day = 86_400_000;

interface Clock {
  now(): number;
  wall(): number;
}

type Log = (level: "warn", message: string, fields: Record<string, unknown>) => void;

export class SentTimestamps {
  readonly #store: TimestampStore | undefined;
  readonly #log: Log;
  #greatest: Uint8Array | undefined;
  #floor: Uint8Array | undefined;
  /** Wall clock less monotonic clock: changes when the wall clock is set. */
  #offset: number;

  constructor(store: TimestampStore | undefined, clock: Clock, log: Log) {
    this.#store = store;
    this.#log = log;
    this.#offset = clock.wall() - clock.now();
    const last = store?.last;
    if (last === undefined) return;
    const behind = timestampMilliseconds(last) - clock.wall();
    if (behind > day) this.#warn(-behind);
    // A clock behind what was saved: what was sent and not saved any more may be later still.
    this.#floor = behind < 0 ? last : encodeTimestamp(timestampMilliseconds(last) + 2 * timestampLag);
    this.#greatest = this.#floor;
  }

  /** What sessions made now must go beyond. */
  get floor(): Uint8Array | undefined {
    return this.#floor;
  }

  /** A timestamp left. */
  sent(timestamp: Uint8Array, clock: Clock): void {
    const offset = clock.wall() - clock.now();
    if (Math.abs(offset - this.#offset) > day) this.#warn(offset - this.#offset);
    this.#offset = offset;
    if (this.#greatest !== undefined && compareTimestamps(timestamp, this.#greatest) <= 0) return;
    this.#greatest = timestamp;
    this.#store?.save(timestamp);
  }

  /** A session ends that sent this; one with the same peer may come again. */
  forgotten(timestamp: Uint8Array): void {
    if (this.#floor === undefined || compareTimestamps(timestamp, this.#floor) > 0) this.#floor = timestamp;
  }

  #warn(milliseconds: number): void {
    // Peers remember the latest time they were told until they restart: a clock far ahead would lock this node out.
    this.#log("warn", "the clock jumped by more than a day", { seconds: Math.round(milliseconds / 1000) });
  }
}
