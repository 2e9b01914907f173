// Frames that wait for one receiver: bounded in number and bytes, the oldest goes first.

export class RelayQueue {
  readonly #frames: (Uint8Array | undefined)[] = [];
  readonly #frameLimit: number;
  readonly #byteLimit: number;
  #head = 0;
  #bytes = 0;

  constructor(frameLimit: number, byteLimit: number) {
    this.#frameLimit = frameLimit;
    this.#byteLimit = byteLimit;
  }

  get length(): number {
    return this.#frames.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a frame; says how many older ones had to go. */
  push(frame: Uint8Array): number {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    let dropped = 0;
    while (this.length > this.#frameLimit || (this.#bytes > this.#byteLimit && this.length > 1)) {
      this.shift();
      dropped += 1;
    }
    return dropped;
  }

  shift(): Uint8Array | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#frames[this.#head] = undefined;
    this.#head += 1;
    this.#bytes -= frame.length;
    // Taking from the front of a long array costs its length: it is cut once half of it is spent.
    if (this.#head > 64 && this.#head * 2 > this.#frames.length) {
      this.#frames.splice(0, this.#head);
      this.#head = 0;
    }
    return frame;
  }

  clear(): void {
    this.#frames.length = 0;
    this.#head = 0;
    this.#bytes = 0;
  }
}
