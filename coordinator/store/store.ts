// What the coordinator keeps durably, as an interface: one implementation per database kind.
import type { Reservation } from "../../protocol/control/admin.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";

/** Order of kinds in a map: what comes later may rest on what comes before. */
export const ranks = { genesis: 0, log: 1, grant: 2, keys: 3, evidence: 4 } as const;

/** One signed item with its place in the map. */
export interface ItemRow {
  /** "genesis", "log:SEQ", "grant:NID", "keys:NID" or "evidence:HASH": one row each, replaced by newer items. */
  readonly key: string;
  readonly rank: (typeof ranks)[keyof typeof ranks];
  /** Order of first sight within a rank; a replaced row keeps it while its claim stays the same. */
  readonly ordinal: number;
  /** Map version at which this item came in. */
  readonly version: number;
  readonly item: SignedItem;
}

/** A node that joined by a token, with the grant that the token signed: kept for good, so that its use stays counted. */
export interface UseRow {
  readonly tid: string;
  readonly nid: string;
  /** Unix seconds of first sight. */
  readonly seen: number;
  /** Place among the grants' ordinals. */
  readonly ordinal: number;
  readonly item: SignedItem;
}

/** One atomic change of the map. */
export interface ItemChange {
  readonly version: number;
  readonly put: readonly ItemRow[];
  /** Row keys to delete. */
  readonly remove: readonly string[];
  /** Nodes whose reservation ends with this change. */
  readonly release: readonly string[];
  readonly use: readonly UseRow[];
  /** Uses that an admin's confirmation of another node took back. */
  readonly unuse: readonly Pick<UseRow, "tid" | "nid">[];
}

/** Names and addresses that no token gets unless it was made for them. */
export interface Reserved {
  readonly names: readonly string[];
  readonly ip4s: readonly string[];
}

/** Whoever holds the deploy lease. */
export interface Lease {
  readonly holder: { readonly name: string; readonly machine: string; readonly pid: number; readonly id: string };
  /** Unix milliseconds. */
  readonly expires: number;
}

/** Every method that writes has written durably, in one transaction, when its promise resolves. */
export interface Store {
  /** Random id made with the database: a map version means something only together with it. */
  readonly id: string;
  load(): Promise<{
    readonly mapVersion: number;
    readonly rows: readonly ItemRow[];
    readonly uses: readonly UseRow[];
  }>;
  changeItems(change: ItemChange): Promise<void>;
  reservations(): Promise<readonly Reservation[]>;
  /** Inserts or replaces the reservation of its node; false when another node has the name or the address. */
  putReservation(reservation: Reservation): Promise<boolean>;
  /** False when there was none. */
  removeReservation(nid: string): Promise<boolean>;
  /** What the stack gives to its own members; empty before the first deploy said so. */
  reserved(): Promise<Reserved>;
  setReserved(reserved: Reserved): Promise<void>;
  lease(): Promise<Lease | undefined>;
  setLease(lease: Lease | undefined): Promise<void>;
  addDeploy(record: Readonly<Record<string, unknown>>): Promise<void>;
  /** Newest first. */
  deploys(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}
