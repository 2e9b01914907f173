// Who holds the state's lock in PostgreSQL: Terraform locks by an advisory lock of its session, so the server knows the session.
import { Client } from "pg";
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

/** A session of the database that holds the lock. */
export interface PostgresHolder {
  /** Process id of the session, on the server. */
  readonly pid: number;
  /** What the holder's tm calls itself, "tm alice@laptop"; else the database's user. */
  readonly name: string;
  /** Address that it comes from; undefined on a local socket. */
  readonly address: string | undefined;
  /** ISO 8601, when the session began. */
  readonly since: string;
}

const rowSchema = z.object({
  pid: z.int(),
  application: z.string().max(256),
  user: z.string().max(256),
  address: z.string().max(256).nullable(),
  since: z.date(),
});
const patience = 10_000;

/**
 * Sessions that hold the lock on the state in `schema`. Terraform locks the number of the state's row, and -1 while it makes one.
 * @throws TunnelMeshError TM_STATE_STORE
 */
export function postgresHolders(connection: string, schema: string): Promise<readonly PostgresHolder[]> {
  return withClient(connection, async (client) => {
    const quoted = `"${schema.replaceAll('"', '""')}"`;
    const there = await client.query("SELECT to_regclass($1) IS NOT NULL AS there", [`${quoted}.states`]);
    const states = z.array(z.object({ there: z.boolean() })).parse(there.rows)[0]?.there
      ? `SELECT id FROM ${quoted}.states`
      : "SELECT -1";
    const { rows } = await client.query(
      `SELECT DISTINCT a.pid, a.application_name AS application, a.usename::text AS user, host(a.client_addr) AS address,
         a.backend_start AS since
       FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
       WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND ((l.classid::bigint << 32) | l.objid::bigint) IN (SELECT -1 UNION ${states})
       ORDER BY since`,
    );
    return z
      .array(rowSchema)
      .parse(rows)
      .map(({ pid, application, user, address, since }) => ({
        pid,
        name: application === "" ? user : application.replace(/^tm /, ""),
        address: address ?? undefined,
        since: since.toISOString(),
      }));
  });
}

/** Ends a session, and its lock with it. False when it was gone already. @throws TunnelMeshError TM_STATE_STORE */
export function endPostgresSession(connection: string, pid: number): Promise<boolean> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query("SELECT pg_terminate_backend($1) AS ended", [pid]);
    return z.array(z.object({ ended: z.boolean() })).parse(rows)[0]?.ended ?? false;
  });
}

/** "alice@laptop from 203.0.113.7, since 2026-05-01 12:00:00 UTC". */
export function describePostgresHolder({ name, address, since }: PostgresHolder): string {
  const from = address === undefined ? "" : ` from ${address}`;
  return `${name}${from}, since ${since.slice(0, 19).replace("T", " ")} UTC`;
}

async function withClient<T>(connection: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: asTerraformReads(connection),
    application_name: "tm lock",
    connectionTimeoutMillis: patience,
    query_timeout: patience,
  });
  // Without a listener an error of an idle connection would end the process; the query in hand says it too.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    if (error instanceof z.ZodError) throw error;
    // What the driver says names host and user at most, never the password.
    throw new TunnelMeshError("TM_STATE_STORE", { detail: `PostgreSQL: ${messageOf(error)}`, cause: error });
  } finally {
    await client.end();
  }
}

/** Terraform's driver takes TLS for granted on TCP and "require" as "without a check of the certificate", as libpq does. */
function asTerraformReads(connection: string): string {
  if (!URL.canParse(connection)) return connection;
  const url = new URL(connection);
  const local = url.hostname === "" || url.searchParams.get("host")?.startsWith("/") === true;
  if (local) return connection;
  if (!url.searchParams.has("sslmode")) url.searchParams.set("sslmode", "require");
  url.searchParams.set("uselibpqcompat", "true");
  return url.toString();
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
