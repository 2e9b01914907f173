// Packets that a gateway passes on between a stock client and another peer: sealed anew from where they were opened.
import type { NodeId } from "../../../protocol/brand.ts";
import type { CurrentFilter } from "../filter.ts";
import { takeHop } from "../forward.ts";
import type { Arena } from "./arena.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Peer } from "./peers.ts";
import { tally } from "./tallies.ts";
import type { TunReader } from "./tun-reader.ts";

export interface ForwarderParts {
  readonly arena: Arena;
  readonly outgoing: Outgoing;
  readonly reader: Pick<TunReader, "send">;
  readonly filter: CurrentFilter;
  readonly tallies: Float64Array;
  /** A packet without key or path; a copy, to keep. */
  readonly unsent: (peer: NodeId, bytes: Uint8Array) => void;
}

export class Forwarder {
  readonly #parts: ForwarderParts;
  #waiting = false;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
  }

  /** Takes `length` bytes at `at`, header first; they may be overwritten afterwards. */
  add(to: Peer, at: number, length: number, now: number): void {
    const { arena, reader, filter, tallies, unsent } = this.#parts;
    if (!filter.current("out", to.nid, arena.bytes, at, length)) {
      tallies[tally.forward_filtered]! += 1;
      return;
    }
    if (!takeHop(arena.bytes, at)) {
      tallies[tally.forward_hops]! += 1;
      return;
    }
    tallies[tally.forwarded]! += 1;
    const packet = arena.bytes.subarray(at, at + length);
    if (reader.send(to, packet, now)) this.#waiting = true;
    else unsent(to.nid, packet.slice());
  }

  /** Sends what was taken. */
  flush(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#parts.outgoing.flush();
  }
}
