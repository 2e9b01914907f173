// Datagrams that came to a thread whose they are not: handed to the right one through the main thread, or held until it is known whose.
import type { NodeId } from "../../../protocol/brand.ts";
import type { Path } from "../../transport/path.ts";
import { fullBucket, type Rate, takeToken } from "../bucket.ts";
import type { Arena } from "./arena.ts";
import type { Peers } from "./peers.ts";
import type { SocketAddresses } from "./socket-address.ts";
import { tally } from "./tallies.ts";
import { threadOf } from "./threads.ts";

/** Handed over: data of keys that there are; and what is to be judged at the gate, which limits more finely. */
const dataRate: Rate = { rate: 2, burst: 1_000 };
const otherRate: Rate = { rate: 0.5, burst: 200 };
/** Datagrams held at a time. */
const heldLimit = 128;

export interface StrayParts {
  readonly arena: Arena;
  readonly addresses: SocketAddresses;
  readonly peers: Peers;
  readonly tallies: Float64Array;
  readonly thread: number;
  readonly threads: number;
  /** Whether the main thread has posted what was not yet heard: a key may be in it. */
  readonly unheard: () => boolean;
  readonly handOver: (bytes: Uint8Array<ArrayBuffer>, path: Path) => void;
}

export interface Held {
  readonly bytes: Uint8Array;
  readonly path: Path;
}

export class Strays {
  readonly #parts: StrayParts;
  readonly #data = fullBucket(dataRate);
  readonly #other = fullBucket(otherRate);
  #held: Held[] = [];
  now = 0;

  constructor(parts: StrayParts) {
    this.#parts = parts;
  }

  /** Whether some wait for what is unheard. */
  get waiting(): boolean {
    return this.#held.length > 0;
  }

  /**
   * Data at `at` that this thread has no key for. The key of another thread: handed over. A key that the main thread is about to
   * tell of, because the handshake's answer left on another thread first: held. False: nobody's, as far as is known.
   */
  takeData(at: number, length: number, source: number, relay: NodeId | undefined): boolean {
    const { arena, peers, thread, threads, unheard } = this.#parts;
    const index = arena.view.getInt32(at + 4, true);
    if (threadOf(index, threads) !== thread && peers.knows(index)) {
      this.#handOver(at, length, source, relay, true);
      return true;
    }
    if (!unheard() || this.#held.length >= heldLimit) return false;
    this.#held.push({ bytes: arena.bytes.slice(at, at + length), path: this.#pathOf(source, relay) });
    return true;
  }

  /** Something at `at` that is no data: the gate is on thread 0. */
  takeOther(at: number, length: number, source: number, relay: NodeId | undefined): void {
    this.#handOver(at, length, source, relay, false);
  }

  /** What was held, oldest first. */
  release(): readonly Held[] {
    const held = this.#held;
    this.#held = [];
    this.#parts.tallies[tally.received_late]! += held.length;
    return held;
  }

  #handOver(at: number, length: number, source: number, relay: NodeId | undefined, data: boolean): void {
    const { arena, tallies, handOver } = this.#parts;
    const free = data ? takeToken(this.#data, dataRate, this.now) : takeToken(this.#other, otherRate, this.now);
    if (!free) {
      tallies[tally.stray_limit]! += 1;
      return;
    }
    tallies[tally.received_strayed]! += 1;
    handOver(arena.bytes.slice(at, at + length) as Uint8Array<ArrayBuffer>, this.#pathOf(source, relay));
  }

  #pathOf(source: number, relay: NodeId | undefined): Path {
    return relay === undefined ? this.#parts.addresses.read(source) : { kind: "relay", nid: relay };
  }
}
