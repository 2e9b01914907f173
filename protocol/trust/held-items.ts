// The signed items that a view rests on, decoded once, and their order for disk.
import type { NodeId, X25519PublicKey } from "../brand.ts";
import type { Grant } from "./grant.ts";
import type { SignedItem } from "./item.ts";
import type { Keys } from "./keys.ts";
import type { LogEntry } from "./log-entry.ts";

/** A chained line. `variants` are hashes of other lines with the same body and other valid signatures. */
export interface HeldLine {
  readonly item: SignedItem;
  readonly hash: string;
  readonly variants: ReadonlyMap<string, SignedItem>;
}

export interface HeldEntry extends HeldLine {
  readonly entry: LogEntry;
}

export interface HeldGrant {
  readonly item: SignedItem;
  readonly grant: Grant;
  /** The key blob of `grant.sshPub`. */
  readonly blob: Uint8Array;
  /** The tunnel key that the map gives for `grant.sshPub`; undefined where there is none. */
  readonly mapped: X25519PublicKey | undefined;
  /** When this node's present name and IPv4 were first seen here; lower is earlier. */
  readonly stamp: number;
  /** Id of the token that signed it; undefined: admins did. */
  readonly tid: string | undefined;
}

/** A node that joined by a token, with the last grant that the token signed for it. Kept when the grant is gone: it stays used. */
export interface HeldUse {
  readonly item: SignedItem;
  readonly grant: Grant;
  /** SHA-256 of the body, as checkpoints list it. */
  readonly hash: string;
  /** Unix seconds at which this grant was first seen here. */
  readonly seen: number;
  readonly stamp: number;
}

export interface HeldKeys {
  readonly item: SignedItem;
  readonly keys: Keys;
  readonly x25519: X25519PublicKey;
  readonly ctl: X25519PublicKey;
  /** When this pair of tunnel and control key was first seen here. */
  readonly stamp: number;
}

export interface HeldItems {
  readonly genesis: HeldLine;
  readonly log: readonly HeldEntry[];
  readonly grants: ReadonlyMap<NodeId, HeldGrant>;
  /** Nodes by the token that they joined by, in the order of first sight. */
  readonly uses: ReadonlyMap<string, ReadonlyMap<NodeId, HeldUse>>;
  /** Newest keys of each node, also of nodes whose grant has not arrived yet. */
  readonly keys: ReadonlyMap<NodeId, HeldKeys>;
  /** Entries that froze the view: an unknown operation, or the other branch of a fork. */
  readonly evidence: readonly HeldEntry[];
  readonly nextStamp: number;
}

/** An item as it is kept on one's own disk. `seen`: Unix seconds of first sight, of grants that a token signed. */
export interface KeptItem {
  readonly item: SignedItem;
  readonly seen?: number;
}

/**
 * The items to keep on disk, in an order that gives the same view again (`restoreItems`): genesis, log, grants and keys in the
 * order of first sight, and what froze the view last. Keys without a grant are left out.
 */
export function keptItemsOf({ held }: { readonly held: HeldItems }): KeptItem[] {
  const admins = [...held.grants.values()].filter(({ tid }) => tid === undefined);
  const used = [...held.uses.values()].flatMap((nodes) => [...nodes.values()]);
  return inOrder(held, [...admins.map(({ item, stamp }) => ({ item, stamp })), ...used]);
}

/** What is in force, to hand on to others: without what only this node knows, and without grants that are gone. */
export function itemsOf({ held }: { readonly held: HeldItems }): SignedItem[] {
  return inOrder(held, [...held.grants.values()]).map(({ item }) => item);
}

interface Placed {
  readonly item: SignedItem;
  readonly stamp: number;
  readonly seen?: number;
}

function inOrder({ genesis, log, grants, keys, evidence }: HeldItems, granted: readonly Placed[]): KeptItem[] {
  const byStamp = (placed: readonly Placed[]): KeptItem[] =>
    placed
      .toSorted((left, right) => left.stamp - right.stamp)
      .map(({ item, seen }) => ({ item, ...(seen === undefined ? {} : { seen }) }));
  return [
    { item: genesis.item },
    ...log.map(({ item }) => ({ item })),
    ...byStamp(granted),
    ...byStamp([...keys].flatMap(([nid, held]) => (grants.has(nid) ? [held] : []))),
    ...evidence.map(({ item }) => ({ item })),
  ];
}
