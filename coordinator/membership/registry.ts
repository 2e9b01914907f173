// The one place where a mesh changes: verifies items against the view, stores them durably, then tells who listens.
import type { MeshId, NodeId } from "../../protocol/brand.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { decodeItem } from "../../protocol/trust/body.ts";
import type { Grant } from "../../protocol/trust/grant.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { applyItems, openView, restoreItems } from "../../protocol/trust/view.ts";
import type { Store } from "../store/store.ts";
import { refuseClaims } from "./claims.ts";
import { VersionedMap } from "./map.ts";
import { changedRows, genesisRow, keptItems } from "./rows.ts";

export interface Verdict {
  readonly accepted: boolean;
  readonly known: boolean;
  readonly reason?: string;
}

/** Judges keys before they are looked at: a reason to refuse, or undefined. */
export type KeysRule = (nid: NodeId, view: MeshView) => string | undefined;

/** Judges a token's grant in its turn, when everything before it is settled. */
export type GrantRule = (grant: Grant, view: MeshView) => Promise<string | undefined>;

/** Keys of nodes that nobody granted are not kept: anybody can sign such. */
export const onlyGranted: KeysRule = (nid, view) => (view.held.grants.has(nid) ? undefined : "not-granted");

/** JSON bytes of the longest item that fits one frame of the channel. */
const itemBytesLimit = 65_000;

/** What changed: nodes to judge anew, or all of them. */
export type MapChange = { readonly touched: ReadonlySet<NodeId> | "all" };

/** Verified view, versioned map and store of one mesh. Changes run one after the other. */
export class Registry {
  readonly store: Store;
  readonly map = new VersionedMap();
  readonly #listeners = new Set<(change: MapChange) => void>();
  readonly #now: () => number;
  #view: MeshView;
  #version = 0;
  #nextOrdinal = 1;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(store: Store, view: MeshView, now: () => number) {
    this.store = store;
    this.#view = view;
    this.#now = now;
  }

  /**
   * Opens the mesh from the store, or from `installed` (genesis first) when the store is empty.
   * @param now Unix seconds
   * @throws TunnelMeshError TM_COORDINATION_OTHER_MESH when genesis is missing or of another mesh
   */
  static async open(options: {
    readonly store: Store;
    readonly meshId: MeshId;
    readonly installed: readonly SignedItem[];
    readonly now: () => number;
  }): Promise<Registry> {
    const { store, meshId, installed, now } = options;
    const { mapVersion, rows, uses } = await store.load();
    const genesis = rows[0]?.item ?? installed[0];
    const opened = genesis === undefined ? undefined : openView(genesis, meshId);
    if (!opened?.ok) {
      const detail = opened === undefined ? "there is no genesis" : `the genesis was refused: ${opened.reason}`;
      throw new TunnelMeshError("TM_COORDINATION_OTHER_MESH", { detail });
    }
    const kept = keptItems(rows, uses).slice(1);
    const registry = new Registry(store, restoreItems(opened.view, kept, now()).view, now);
    registry.map.fill(rows);
    registry.#version = mapVersion;
    registry.#nextOrdinal = 1 + [...rows, ...uses].reduce((highest, row) => Math.max(highest, row.ordinal), 0);
    if (rows.length === 0) {
      const row = genesisRow(opened.view);
      await store.changeItems({ version: row.version, put: [row], remove: [], release: [], use: [], unuse: [] });
      registry.map.apply([row], []);
      registry.#version = row.version;
    }
    await registry.submit(installed.slice(1));
    return registry;
  }

  get view(): MeshView {
    return this.#view;
  }

  get mapVersion(): number {
    return this.#version;
  }

  /** Calls `listener` after each stored change; gives back how to stop. */
  listen(listener: (change: MapChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Runs `work` after every change before it and before every one after it. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** Verifies and stores items; resolves once what was accepted is durable. One verdict each, in order. */
  submit(items: readonly SignedItem[], rule?: KeysRule): Promise<readonly Verdict[]> {
    return this.exclusively(() => this.#submit(items, rule));
  }

  /** `submit` for a node that joins: its grant is judged by `grantRule` in its turn. */
  join(items: readonly SignedItem[], rule: KeysRule, grantRule: GrantRule): Promise<readonly Verdict[]> {
    return this.exclusively(() => this.#submit(items, rule, grantRule));
  }

  /** Lets go of members whose grant has run out. */
  expire(): Promise<void> {
    return this.exclusively(async () => {
      const before = this.#view;
      const next = applyItems(before, [], this.#now()).view;
      if (next.held !== before.held) await this.#commit(next, []);
      else this.#view = next;
      if (this.#view.members.size !== before.members.size) this.#tell({ touched: "all" });
    });
  }

  async #submit(
    items: readonly SignedItem[],
    rule: KeysRule | undefined,
    grantRule?: GrantRule,
  ): Promise<readonly Verdict[]> {
    const verdicts: Verdict[] = [];
    const accepted: SignedItem[] = [];
    let next = this.#view;
    const apply = (indices: readonly number[]): void => {
      const batch = indices.map((index) => items[index]!);
      const applied = applyItems(next, batch, this.#now());
      next = applied.view;
      for (const [place, verdict] of applied.verdicts.entries()) {
        verdicts[indices[place]!] = verdict;
        if (verdict.accepted && !verdict.known) accepted.push(batch[place]!);
      }
    };
    const bodies = items.map((item) => decodeItem(item.body));
    const nids = bodies.map((body) => (body.ok && body.item.kind === "keys" ? body.item.value.nid : undefined));
    const indices = [...items.keys()].filter((index) => {
      const fits = Buffer.byteLength(JSON.stringify(items[index])) <= itemBytesLimit;
      if (!fits) verdicts[index] = { accepted: false, known: false, reason: "too-long" };
      if (!fits || rule === undefined) return fits;
      const reason = refuseClaims(items[index]!, bodies[index]!, next);
      if (reason !== undefined) verdicts[index] = { accepted: false, known: false, reason };
      return reason === undefined;
    });
    for (const index of indices.filter((one) => nids[one] === undefined)) {
      const body = bodies[index]!;
      const isGrant = grantRule !== undefined && body.ok && body.item.kind === "grant";
      const reason = isGrant ? await grantRule(body.item.value, next) : undefined;
      if (reason !== undefined) verdicts[index] = { accepted: false, known: false, reason };
    }
    apply(indices.filter((index) => nids[index] === undefined && verdicts[index] === undefined));
    const keys = indices.filter((index) => {
      const nid = nids[index];
      const reason = nid === undefined ? undefined : rule?.(nid, next);
      if (reason !== undefined) verdicts[index] = { accepted: false, known: false, reason };
      return nid !== undefined && reason === undefined;
    });
    if (keys.length > 0) apply(keys);
    if (accepted.length > 0) await this.#commit(next, accepted);
    return verdicts;
  }

  async #commit(next: MeshView, accepted: readonly SignedItem[]): Promise<void> {
    const version = this.#version + 1;
    const context = { rows: this.map.rows, version, nextOrdinal: this.#nextOrdinal };
    const { put, remove, revoked, touched, use, unuse } = changedRows(this.#view, next, accepted, context);
    await this.store.changeItems({ version, put, remove, release: revoked, use, unuse });
    this.map.apply(put, remove);
    this.#nextOrdinal += put.length + use.length;
    this.#version = version;
    this.#view = next;
    this.#tell({ touched });
  }

  #tell(change: MapChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
