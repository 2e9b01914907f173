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
  /** Newest keys of each node, also of nodes whose grant has not arrived yet. */
  readonly keys: ReadonlyMap<NodeId, HeldKeys>;
  /** Entries that froze the view: an unknown operation, or the other branch of a fork. */
  readonly evidence: readonly HeldEntry[];
  readonly nextStamp: number;
}

/**
 * The items to keep on disk, in an order that gives the same view again: genesis, log, grants and keys in the order of first
 * sight, and what froze the view last. Keys without a grant are left out.
 */
export function itemsOf(view: { readonly held: HeldItems }): SignedItem[] {
  const { genesis, log, grants, keys, evidence } = view.held;
  const inOrder = <T extends { readonly item: SignedItem; readonly stamp: number }>(held: Iterable<T>) =>
    [...held].sort((left, right) => left.stamp - right.stamp).map((one) => one.item);
  return [
    genesis.item,
    ...log.map((entry) => entry.item),
    ...inOrder(grants.values()),
    ...inOrder([...keys].flatMap(([nid, held]) => (grants.has(nid) ? [held] : []))),
    ...evidence.map((entry) => entry.item),
  ];
}
