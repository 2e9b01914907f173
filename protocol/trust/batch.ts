// Copies a map once per batch of items: ten thousand grants in one call are not ten thousand copies.

/** The maps that one call of `applyItems` has made itself; nobody else has seen them yet. */
export class Batch {
  readonly #own = new WeakSet<object>();

  /** A map like `map` with `key` set: `map` itself when this batch made it, else a copy. */
  set<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
    const own = this.#own.has(map) ? (map as Map<K, V>) : new Map(map);
    this.#own.add(own);
    return own.set(key, value);
  }
}
