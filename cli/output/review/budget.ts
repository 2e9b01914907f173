// A text of bounded length that is cut between its parts and says so.

/** Appends parts while they fit, and keeps room for a note about the rest. */
export class Budget {
  readonly #parts: string[] = [];
  #left: number;

  /** @param limit characters (UTF-16 units) of the whole text */
  constructor(limit: number) {
    this.#left = limit;
  }

  /** Adds a part whole, or not at all. */
  add(part: string, reserve = 0): boolean {
    const cost = part.length + 1;
    if (cost > this.#left - reserve) return false;
    this.#parts.push(part);
    this.#left -= cost;
    return true;
  }

  /**
   * Adds items while they fit into `share` of what is left, then `rest` about those that do not.
   * @returns whether all fit
   */
  addItems(items: readonly string[], share: number, rest: (left: number) => string): boolean {
    const floor = Math.ceil(this.#left * (1 - share));
    const note = rest(items.length).length + 2;
    for (const [index, item] of items.entries()) {
      const last = index === items.length - 1;
      if (this.add(item, last ? floor : floor + note)) continue;
      this.add(rest(items.length - index));
      return false;
    }
    return true;
  }

  get text(): string {
    return this.#parts.join("\n");
  }
}
