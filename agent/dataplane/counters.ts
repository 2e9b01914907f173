// Counters by stable name; one that was never counted is absent.

export class Counters {
  readonly #values = new Map<string, number>();

  count(name: string, by = 1): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + by);
  }

  read(): Record<string, number> {
    return Object.fromEntries(this.#values);
  }
}
