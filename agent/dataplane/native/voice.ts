// What a thread of the data plane says to the main thread: gathered, posted in lists, packets only while there is room.
import { type FromPlane, type Packet, queueLimit, shared } from "./messages.ts";
import { tally } from "./tallies.ts";

export class Voice {
  readonly #post: (messages: readonly FromPlane[]) => void;
  readonly #numbers: Int32Array;
  readonly #tallies: Float64Array;
  #said: FromPlane[] = [];

  constructor(post: (messages: readonly FromPlane[]) => void, numbers: Int32Array, tallies: Float64Array) {
    this.#post = post;
    this.#numbers = numbers;
    this.#tallies = tallies;
  }

  say(message: FromPlane): void {
    this.#said.push(message);
  }

  /** Packets are dropped when the main thread does not keep up. */
  saySpare(packet: Packet): void {
    if (Atomics.load(this.#numbers, shared.toMain) >= queueLimit) {
      this.#tallies[tally.dropped_queue]! += 1;
      return;
    }
    Atomics.add(this.#numbers, shared.toMain, 1);
    this.#said.push(packet);
  }

  /** Posts what was said. */
  speak(): void {
    if (this.#said.length === 0) return;
    const messages = this.#said;
    this.#said = [];
    this.#post(messages);
  }
}
