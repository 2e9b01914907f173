// Which rows of the map an accepted batch of items changes: the step from one verified view to the next, as data.
import type { NodeId } from "../../protocol/brand.ts";
import { decodeItem } from "../../protocol/trust/body.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { hashLine } from "../../protocol/trust/mesh-file.ts";
import type { KeptItem } from "../../protocol/trust/view.ts";
import { type ItemRow, ranks, type UseRow } from "../store/store.ts";

/** A row as the view has it, before version and ordinal. */
interface Claim {
  readonly key: string;
  readonly rank: ItemRow["rank"];
  readonly item: SignedItem;
  /** Orders claims of one batch within a rank. */
  readonly order: number;
  /** The row before keeps its ordinal. */
  readonly keeps: boolean;
}

export interface RowChange {
  readonly put: readonly ItemRow[];
  readonly remove: readonly string[];
  /** Nodes whose grant a revocation took. */
  readonly revoked: readonly NodeId[];
  /** Nodes that this batch touched: their channels are judged anew. */
  readonly touched: ReadonlySet<NodeId>;
  readonly use: readonly UseRow[];
  readonly unuse: readonly Pick<UseRow, "tid" | "nid">[];
}

export interface RowContext {
  readonly rows: ReadonlyMap<string, ItemRow>;
  readonly version: number;
  readonly nextOrdinal: number;
}

/** Compares two views after `items` were accepted. Only what these items name is looked at, and what a token may have changed. */
export function changedRows(
  before: MeshView,
  after: MeshView,
  items: readonly SignedItem[],
  context: RowContext,
): RowChange {
  const claims = new Map<string, Claim>();
  const remove = new Set<string>();
  const revoked = new Set<NodeId>();
  const touched = new Set<NodeId>();
  const add = (claim: Claim | undefined): void => {
    if (claim !== undefined && context.rows.get(claim.key)?.item !== claim.item) claims.set(claim.key, claim);
  };
  const gone = (nid: NodeId): void => {
    touched.add(nid);
    remove.add(`grant:${nid}`);
    revoked.add(nid);
  };
  // The end of a token, a confirmed node in another's place, silence: grants that go without being named.
  if (after.tokens.size > 0) {
    for (const nid of before.held.grants.keys()) if (!after.held.grants.has(nid)) gone(nid);
  }
  for (const item of items) {
    const decoded = decodeItem(item.body);
    if (!decoded.ok || decoded.item.kind === "genesis") continue;
    const { kind, value } = decoded.item;
    if (kind === "log") {
      for (const seq of [value.seq - 1, value.seq]) add(logClaim(after, seq));
      for (const claim of evidenceClaims(after, item)) add(claim);
      if (value.op.type !== "node.revoke") continue;
      touched.add(value.op.nid);
      if (before.held.grants.has(value.op.nid) && !after.held.grants.has(value.op.nid)) gone(value.op.nid);
      continue;
    }
    touched.add(value.nid);
    add(grantClaim(before, after, value.nid));
    const keys = keysClaim(before, after, value.nid);
    // Keys that waited for this grant were shown to nobody yet: they count as new now.
    const waited = kind === "grant" && !before.held.grants.has(value.nid);
    if (keys !== undefined && waited) claims.set(keys.key, keys);
    else add(keys);
  }
  for (const key of claims.keys()) remove.delete(key);
  const sorted = [...claims.values()].sort((left, right) => left.rank - right.rank || left.order - right.order);
  const put = sorted.map(({ key, rank, item, keeps }, index) => {
    const old = keeps ? context.rows.get(key) : undefined;
    return { key, rank, item, version: context.version, ordinal: old?.ordinal ?? context.nextOrdinal + index };
  });
  const ordinals = new Map(put.map(({ key, ordinal }) => [key, ordinal]));
  const end = context.nextOrdinal + put.length;
  return { put, remove: [...remove], revoked: [...revoked], touched, ...changedUses(before, after, ordinals, end) };
}

function changedUses(
  before: MeshView,
  after: MeshView,
  ordinals: ReadonlyMap<string, number>,
  end: number,
): Pick<RowChange, "use" | "unuse"> {
  const use: UseRow[] = [];
  const unuse: Pick<UseRow, "tid" | "nid">[] = [];
  for (const [tid, nodes] of after.held.uses) {
    const known = before.held.uses.get(tid);
    if (known === nodes) continue;
    for (const [nid, { item, seen }] of nodes) {
      const ordinal = ordinals.get(`grant:${nid}`) ?? end;
      if (known?.get(nid)?.item !== item) use.push({ tid, nid, seen, ordinal, item });
    }
    for (const nid of known?.keys() ?? []) if (!nodes.has(nid)) unuse.push({ tid, nid });
  }
  return { use, unuse };
}

/** What a view is restored from: rows in their order, with the uses of tokens among the grants. */
export function keptItems(rows: readonly ItemRow[], uses: readonly UseRow[]): KeptItem[] {
  const seen = new Map(uses.map((use) => [`${use.nid} ${use.item.body}`, use.seen]));
  const grants = rows.filter(({ rank }) => rank === ranks.grant);
  const present = new Set(grants.map(({ key, item }) => `${key.slice("grant:".length)} ${item.body}`));
  const spent = uses.filter(({ nid, item }) => !present.has(`${nid} ${item.body}`));
  const placed = [
    ...grants.map(({ key, ordinal, item }) => {
      const at = seen.get(`${key.slice("grant:".length)} ${item.body}`);
      return { ordinal, kept: { item, ...(at === undefined ? {} : { seen: at }) } };
    }),
    ...spent.map(({ ordinal, item, seen: at }) => ({ ordinal, kept: { item, seen: at } })),
  ];
  const plain = (from: number, to: number): KeptItem[] =>
    rows.filter(({ rank }) => rank >= from && rank <= to).map(({ item }) => ({ item }));
  return [
    ...plain(ranks.genesis, ranks.log),
    ...placed.sort((left, right) => left.ordinal - right.ordinal).map(({ kept }) => kept),
    ...plain(ranks.keys, ranks.evidence),
  ];
}

/** The row of the genesis. */
export function genesisRow(view: MeshView): ItemRow {
  return { key: "genesis", rank: ranks.genesis, ordinal: 0, version: 1, item: view.held.genesis.item };
}

function logClaim(view: MeshView, seq: number): Claim | undefined {
  if (seq === 0) return { key: "genesis", rank: ranks.genesis, item: view.held.genesis.item, order: 0, keeps: true };
  const line = view.held.log[seq - 1];
  return line && { key: `log:${seq}`, rank: ranks.log, item: line.item, order: seq, keeps: true };
}

function grantClaim(before: MeshView, after: MeshView, nid: NodeId): Claim | undefined {
  const held = after.held.grants.get(nid);
  const keeps = before.held.grants.get(nid)?.stamp === held?.stamp;
  return held && { key: `grant:${nid}`, rank: ranks.grant, item: held.item, order: held.stamp, keeps };
}

function keysClaim(before: MeshView, after: MeshView, nid: NodeId): Claim | undefined {
  const held = after.held.keys.get(nid);
  const keeps = before.held.keys.get(nid)?.stamp === held?.stamp;
  return held && { key: `keys:${nid}`, rank: ranks.keys, item: held.item, order: held.stamp, keeps };
}

function evidenceClaims(view: MeshView, item: SignedItem): Claim[] {
  const index = view.held.evidence.findIndex((line) => line.item === item);
  const claim = { key: `evidence:${hashLine(item)}`, rank: ranks.evidence, item, order: index, keeps: true };
  return index === -1 ? [] : [claim];
}
