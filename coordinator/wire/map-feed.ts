// Feeds one member the map: what changed since the version it has, in chunks, one delta after the other.

import type { NodeId } from "../../protocol/brand.ts";
import { encodeCoordination } from "../../protocol/coordination/frame.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { Registry } from "../membership/registry.ts";
import type { ItemRow } from "../store/store.ts";

/** Items in one message (messages.ts). */
const countLimit = 256;
/** JSON bytes of one message's items; a longer item goes alone (the registry keeps none that fits no frame). */
const byteLimit = 60_000;

/** A cursor over the map of `registry`. */
export class MapFeed {
  readonly #registry: Registry;
  #since: number;
  #until: number;
  #rows: ItemRow[] = [];
  #next = 0;
  #started: boolean;
  readonly #shows: (row: ItemRow) => boolean;

  /**
   * @param since the version that the member has; 0 = nothing
   * @param shows which rows the receiver may see
   */
  constructor(registry: Registry, since: number, shows: (row: ItemRow) => boolean = () => true) {
    this.#registry = registry;
    this.#shows = shows;
    this.#since = since > registry.mapVersion ? 0 : since;
    this.#until = this.#since;
    this.#started = false;
  }

  /** The next message, or undefined when the member has everything. */
  next(): Uint8Array | undefined {
    if (!this.#started) {
      if (this.#registry.mapVersion <= this.#since) return undefined;
      this.#until = this.#registry.mapVersion;
      this.#rows = this.#registry.map.between(this.#since, this.#until).filter((row) => this.#isShown(row));
      this.#next = 0;
      this.#started = true;
    }
    const items: SignedItem[] = [];
    let bytes = 0;
    for (; this.#next < this.#rows.length && items.length < countLimit; this.#next += 1) {
      const { item } = this.#rows[this.#next]!;
      const size = Buffer.byteLength(JSON.stringify(item)) + 1;
      if (items.length > 0 && bytes + size > byteLimit) break;
      items.push(item);
      bytes += size;
    }
    const last = this.#next >= this.#rows.length;
    if (last) {
      this.#since = this.#until;
      this.#started = false;
      this.#rows = [];
    }
    return encodeCoordination("items", { items, mapVersion: this.#until, last });
  }

  /** Keys of nodes that nobody has granted are for nobody. */
  #isShown(row: ItemRow): boolean {
    if (!this.#shows(row)) return false;
    return !row.key.startsWith("keys:") || this.#registry.view.held.grants.has(row.key.slice(5) as NodeId);
  }
}
