// The gate of the data plane's thread: answers go back to the address in the arena that a datagram came from.
import { randomBytes } from "node:crypto";
import type { NodeId } from "../../../protocol/brand.ts";
import type { Path } from "../../transport/path.ts";
import { Gate, type GateKeys } from "../gate.ts";
import type { Arena } from "./arena.ts";
import type { Outgoing } from "./outgoing.ts";
import type { SocketAddresses } from "./socket-address.ts";
import { tally } from "./tallies.ts";

export interface GuardParts {
  readonly arena: Arena;
  readonly addresses: SocketAddresses;
  readonly outgoing: Outgoing;
  readonly tallies: Float64Array;
  /** A datagram for the main thread; a copy. */
  readonly passed: (bytes: Uint8Array, path: Path) => void;
}

export class Guard {
  readonly #parts: GuardParts;
  #gate: Gate | undefined;
  /** Place of the address that is answered, or -1 where none can be. */
  #source = -1;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  setKeys(keys: GateKeys): void {
    const { outgoing, tallies } = this.#parts;
    this.#gate = new Gate(
      keys,
      (length) => Uint8Array.from(randomBytes(length)),
      (answer) => {
        if (this.#source >= 0) outgoing.datagram(answer, this.#source);
      },
      (name) => {
        tallies[tally[name]]! += 1;
      },
    );
  }

  setKnown(addresses: readonly string[]): void {
    this.#gate?.setKnown(addresses);
  }

  /** Judges `length` bytes at `at`. `source`: place of the address they came from, or -1 and who the relay says it is from. */
  judge(at: number, length: number, source: number, relay: NodeId | undefined, now: number): void {
    const { arena, addresses, passed } = this.#parts;
    this.#source = source;
    const pathOf = (): Path => (relay === undefined ? addresses.read(source) : { kind: "relay", nid: relay });
    if (this.#gate?.pass(arena.bytes.subarray(at, at + length), pathOf, now) !== true) return;
    passed(arena.bytes.slice(at, at + length), pathOf());
  }
}
