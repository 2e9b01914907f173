// The store in one SQLite file: write-ahead log, flushed to disk before a write is acknowledged.
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { z } from "zod";
import { type Reservation, reservationSchema } from "../../protocol/control/admin.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { signedItemSchema } from "../../protocol/trust/item.ts";
import type { ItemChange, ItemRow, Lease, Reserved, Store, UseRow } from "./store.ts";

/** Deploy records kept; older ones go. */
export const deployLimit = 1000;

const tables = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS items (
    key TEXT PRIMARY KEY, rank INTEGER NOT NULL, ordinal INTEGER NOT NULL, version INTEGER NOT NULL,
    body TEXT NOT NULL, sigs TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS reservations (
    nid TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, ip4 TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE IF NOT EXISTS uses (
    tid TEXT NOT NULL, nid TEXT NOT NULL, seen INTEGER NOT NULL, ordinal INTEGER NOT NULL,
    body TEXT NOT NULL, sigs TEXT NOT NULL, PRIMARY KEY (tid, nid)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS deploys (number INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL) STRICT;
`;

const itemRowSchema = z
  .object({
    key: z.string(),
    rank: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
    ordinal: z.int(),
    version: z.int(),
    body: z.string(),
    sigs: z.string(),
  })
  .transform(
    ({ body, sigs, ...row }): ItemRow => ({ ...row, item: signedItemSchema.parse({ body, sigs: JSON.parse(sigs) }) }),
  );
const useRowSchema = z
  .object({
    tid: z.string(),
    nid: z.string(),
    seen: z.int(),
    ordinal: z.int(),
    body: z.string(),
    sigs: z.string(),
  })
  .transform(
    ({ body, sigs, ...row }): UseRow => ({ ...row, item: signedItemSchema.parse({ body, sigs: JSON.parse(sigs) }) }),
  );
const leaseSchema = z.strictObject({
  holder: z.strictObject({ name: z.string(), machine: z.string(), pid: z.int(), id: z.string() }),
  expires: z.number(),
});
const reservedSchema = z.strictObject({ names: z.array(z.string()), ip4s: z.array(z.string()) });
const valueSchema = z.object({ value: z.string() });
const recordSchema = z.object({ record: z.string() }).transform(({ record }) => JSON.parse(record) as unknown);

/** Opens or makes the database `file`, mode 0600, for this process alone. @throws TunnelMeshError TM_COORDINATION_RUNNING */
export function openSqliteStore(file: string): Store {
  if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600, flag: "a" });
  chmodSync(file, 0o600);
  const database = new DatabaseSync(file, { timeout: 2000 });
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    database.exec(`BEGIN IMMEDIATE; ${tables} COMMIT;`);
    return new SqliteStore(database);
  } catch (cause) {
    database.close();
    if (cause instanceof Error && cause.message.includes("database is locked")) {
      throw new TunnelMeshError("TM_COORDINATION_RUNNING", { detail: file, cause });
    }
    throw cause;
  }
}

class SqliteStore implements Store {
  readonly id: string;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#run("INSERT OR IGNORE INTO meta VALUES ('store', ?)", randomBytes(16).toString("hex"));
    this.id = this.#meta("store") ?? "";
  }

  async load(): ReturnType<Store["load"]> {
    const rows = this.#database.prepare("SELECT * FROM items ORDER BY rank, ordinal").all();
    const uses = this.#database.prepare("SELECT * FROM uses ORDER BY ordinal").all();
    return {
      mapVersion: Number(this.#meta("mapVersion") ?? "0"),
      rows: rows.map((row) => itemRowSchema.parse(row)),
      uses: uses.map((row) => useRowSchema.parse(row)),
    };
  }

  async changeItems(change: ItemChange): Promise<void> {
    this.#transact(() => {
      for (const { key, rank, ordinal, version, item } of change.put) {
        const sigs = JSON.stringify(item.sigs);
        this.#run(
          "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?)",
          key,
          rank,
          ordinal,
          version,
          item.body,
          sigs,
        );
      }
      for (const { tid, nid, seen, ordinal, item } of change.use) {
        const sigs = JSON.stringify(item.sigs);
        this.#run("INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?, ?, ?)", tid, nid, seen, ordinal, item.body, sigs);
      }
      for (const { tid, nid } of change.unuse) this.#run("DELETE FROM uses WHERE tid = ? AND nid = ?", tid, nid);
      for (const key of change.remove) this.#run("DELETE FROM items WHERE key = ?", key);
      for (const nid of change.release) this.#run("DELETE FROM reservations WHERE nid = ?", nid);
      this.#run("INSERT OR REPLACE INTO meta VALUES ('mapVersion', ?)", String(change.version));
    });
  }

  async reservations(): Promise<readonly Reservation[]> {
    const rows = this.#database.prepare("SELECT nid, name, ip4 FROM reservations").all();
    return rows.map((row) => reservationSchema.parse({ ...row }));
  }

  async putReservation({ nid, name, ip4 }: Reservation): Promise<boolean> {
    return this.#transact(() => {
      const taken = this.#database.prepare("SELECT 1 FROM reservations WHERE nid <> ? AND (name = ? OR ip4 = ?)");
      if (taken.get(nid, name, ip4) !== undefined) return false;
      this.#run("INSERT OR REPLACE INTO reservations VALUES (?, ?, ?)", nid, name, ip4);
      return true;
    });
  }

  async removeReservation(nid: string): Promise<boolean> {
    return this.#run("DELETE FROM reservations WHERE nid = ?", nid) > 0;
  }

  async reserved(): Promise<Reserved> {
    const value = this.#meta("reserved");
    return value === undefined ? { names: [], ip4s: [] } : reservedSchema.parse(JSON.parse(value));
  }

  async setReserved(reserved: Reserved): Promise<void> {
    this.#run("INSERT OR REPLACE INTO meta VALUES ('reserved', ?)", JSON.stringify(reserved));
  }

  async lease(): Promise<Lease | undefined> {
    const value = this.#meta("lease");
    return value === undefined ? undefined : leaseSchema.parse(JSON.parse(value));
  }

  async setLease(lease: Lease | undefined): Promise<void> {
    if (lease === undefined) this.#run("DELETE FROM meta WHERE name = 'lease'");
    else this.#run("INSERT OR REPLACE INTO meta VALUES ('lease', ?)", JSON.stringify(lease));
  }

  async addDeploy(record: Readonly<Record<string, unknown>>): Promise<void> {
    this.#transact(() => {
      this.#run("INSERT INTO deploys (record) VALUES (?)", JSON.stringify(record));
      this.#run("DELETE FROM deploys WHERE number <= (SELECT max(number) FROM deploys) - ?", deployLimit);
    });
  }

  async deploys(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const rows = this.#database.prepare("SELECT record FROM deploys ORDER BY number DESC").all();
    return rows.map((row) => z.record(z.string(), z.unknown()).parse(recordSchema.parse(row)));
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #meta(name: string): string | undefined {
    const row = this.#database.prepare("SELECT value FROM meta WHERE name = ?").get(name);
    return row === undefined ? undefined : valueSchema.parse(row).value;
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#database.prepare(sql).run(...values).changes);
  }

  #transact<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}
