// What waits to be sent to the coordinator: control messages in order, relayed datagrams bounded and droppable.
//
// The channel counts frames by order, so a frame is sealed only when it leaves the queue.

/** Relayed datagrams kept while the connection is slow; the oldest goes first, its sender retransmits. */
export const relayQueueLimit = 512;
/** Control messages kept; more means that the other side does not read. */
export const controlQueueLimit = 256;

export class SendQueue {
  readonly #control: Uint8Array[] = [];
  readonly #relay: Uint8Array[] = [];
  dropped = 0;

  /** False when the queue is full: close the channel. */
  pushControl(plaintext: Uint8Array): boolean {
    if (this.#control.length >= controlQueueLimit) return false;
    this.#control.push(plaintext);
    return true;
  }

  pushRelay(plaintext: Uint8Array): void {
    if (this.#relay.length >= relayQueueLimit) {
      this.#relay.shift();
      this.dropped += 1;
    }
    this.#relay.push(plaintext);
  }

  /** Control before relay. */
  take(): Uint8Array | undefined {
    return this.#control.shift() ?? this.#relay.shift();
  }
}
