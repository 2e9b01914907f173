// The versioned map: every row with the version at which it came in, and the deltas between versions.
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { ItemRow } from "../store/store.ts";

/** Rows by key and in the order of their versions; a delta costs what changed, not what is there. */
export class VersionedMap {
  readonly #rows = new Map<string, ItemRow>();
  /** Ascending versions; replaced rows stay until the next compaction. */
  #history: ItemRow[] = [];

  get rows(): ReadonlyMap<string, ItemRow> {
    return this.#rows;
  }

  /** Applies a change; `put` must not be older than what is there. */
  apply(put: readonly ItemRow[], remove: readonly string[]): void {
    for (const key of remove) this.#rows.delete(key);
    for (const row of put) {
      this.#rows.set(row.key, row);
      this.#history.push(row);
    }
    if (this.#history.length > 2 * this.#rows.size + 64) {
      this.#history = this.#history.filter((row) => this.#rows.get(row.key) === row);
    }
  }

  /** Fills an empty map. */
  fill(rows: readonly ItemRow[]): void {
    const sorted = rows.toSorted((left, right) => left.version - right.version);
    this.apply(sorted, []);
  }

  /** Rows with since < version ≤ until that are still in force, in an order in which each rests on those before it. */
  between(since: number, until: number): ItemRow[] {
    const found: ItemRow[] = [];
    for (let index = this.#history.length - 1; index >= 0; index -= 1) {
      const row = this.#history[index]!;
      if (row.version <= since) break;
      if (row.version <= until && this.#rows.get(row.key) === row) found.push(row);
    }
    return found.sort((left, right) => left.rank - right.rank || left.ordinal - right.ordinal);
  }

  /** All items in that order. */
  items(): SignedItem[] {
    return this.between(-1, Number.MAX_SAFE_INTEGER).map((row) => row.item);
  }
}
