// The coordinator's admin socket, forwarded over SSH (life.md §9): one JSON request per line in, one JSON answer per line out.
import { z } from "zod";
import { signedItemSchema } from "../trust/item.ts";
import { tokenStatusSchema } from "./tokens.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const holder = z.strictObject({
  /** Shown to others: "alice@laptop". */
  name: z.string().max(128),
  /** Stable id of the machine, so that a dead process of the same machine is taken over at once. */
  machine: z.string().max(128),
  pid: z.int(),
  /** Random id of this run. */
  id: z.string().max(64),
});

export const adminRequestSchema = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("status") }),
  /** All items in order: genesis, log entries, grants, keys. */
  z.strictObject({ method: z.literal("items") }),
  /**
   * Reserves a name and an IPv4 address for a node: idempotent, unique in the database, durable before the answer.
   * Without `ip4` the coordinator picks the lowest free one. A name or address held by another node is refused.
   */
  z.strictObject({ method: z.literal("reserve"), nid: hex32, name: z.string().max(63), ip4: z.string().optional() }),
  z.strictObject({ method: z.literal("release"), nid: hex32 }),
  /** Names and addresses that the stack gives to its own members: no token gets them but one made for them. Replaces the list. */
  z.strictObject({
    method: z.literal("reserved.set"),
    names: z.array(z.string().max(63)).max(10_000),
    ip4s: z.array(z.ipv4()).max(10_000),
  }),
  /** Join tokens of the verified view, oldest first. */
  z.strictObject({ method: z.literal("tokens") }),
  /** Verified, stored, fsynced, then pushed. Appending to the log is compare-and-swap on `prev` (life.md §4). */
  z.strictObject({ method: z.literal("submit"), items: z.array(signedItemSchema).min(1).max(1024) }),
  /** 60 s lease on deploy; renewed by the same holder id. */
  z.strictObject({ method: z.literal("lease.acquire"), holder, deadProcess: z.boolean().default(false) }),
  z.strictObject({ method: z.literal("lease.release"), id: z.string() }),
  /** `tm unlock`: ends whoever's lease. */
  z.strictObject({ method: z.literal("lease.break") }),
  /** Who deployed which commit and release, when. */
  z.strictObject({ method: z.literal("deploy.record"), record: z.record(z.string(), z.unknown()) }),
  z.strictObject({ method: z.literal("deploy.history") }),
]);
export type AdminRequest = z.input<typeof adminRequestSchema>;

export const reservationSchema = z.object({ nid: hex32, name: z.string(), ip4: z.string() });
export type Reservation = z.infer<typeof reservationSchema>;

export const submitReplySchema = z.object({
  /** One verdict per item, in order; `known` = it was there already. */
  verdicts: z.array(z.object({ accepted: z.boolean(), known: z.boolean(), reason: z.string().optional() })),
  head: z.object({ seq: z.int(), hash: z.string() }),
});

export const tokensReplySchema = z.object({ tokens: z.array(tokenStatusSchema) });

export const leaseReplySchema = z.object({
  granted: z.boolean(),
  holder,
  /** Unix milliseconds. */ expires: z.number(),
});

export const coordinatorStatusSchema = z.object({
  v: z.literal(1),
  mesh: z.string(),
  meshId: z.string(),
  /** Coordinator channel X25519 public key, 64 hexadecimal digits: what `coord.set` signs. */
  key: hex32,
  release: z.string(),
  head: z.object({ seq: z.int(), hash: z.string() }),
  mapVersion: z.int(),
  members: z.int(),
  connected: z.array(z.string()),
  counters: z.record(z.string(), z.number()),
  uptime: z.number(),
});
export type CoordinatorStatus = z.infer<typeof coordinatorStatusSchema>;
