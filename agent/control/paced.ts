// Work that is asked for often and done seldom: at once when it has rested, else when its interval is over.

/** The last call of a burst is never lost. */
export class Paced {
  readonly #work: () => void;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;
  #asked = false;

  /** @param interval the least time between two runs, in milliseconds */
  constructor(work: () => void, interval: number) {
    this.#work = work;
    this.#interval = interval;
  }

  ask(): void {
    if (this.#timer !== undefined) {
      this.#asked = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#asked) this.ask();
    }, this.#interval);
    this.#asked = false;
    this.#work();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked = false;
  }
}
