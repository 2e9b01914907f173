// The agent's control socket: one JSON request per line in, one JSON answer per line out (life.md §9, architecture.md §5).
import { z } from "zod";
import { signedItemSchema } from "../trust/item.ts";

/** Longest line either side accepts, in bytes. */
export const controlLineLimit = 4 * 1024 * 1024;

export const agentRequestSchema = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("status") }),
  z.strictObject({ method: z.literal("peers") }),
  /** Sealed ctl pings to one peer, by name, mesh address or node id. */
  z.strictObject({ method: z.literal("ping"), peer: z.string().max(256), count: z.int().min(1).max(100).default(3) }),
  /** Every signed item this agent holds, verbatim: a second laptop continues the mesh from any member (life.md §1). */
  z.strictObject({ method: z.literal("items") }),
  /** The same with the time at which this agent first saw what tokens signed: `restoreItems` takes them as they are. */
  z.strictObject({ method: z.literal("kept") }),
  /** Join tokens as this agent's verified view has them: `tokensReplySchema` of the admin socket. */
  z.strictObject({ method: z.literal("tokens") }),
  /** Stock WireGuard clients whose grants name this node as a gateway: `clientsReplySchema`. */
  z.strictObject({ method: z.literal("clients") }),
  /** Stops the mesh on this host and takes back routes, rules and DNS; the service stays stopped until started again. */
  z.strictObject({ method: z.literal("leave") }),
]);
export type AgentRequest = z.input<typeof agentRequestSchema>;

export const pathSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("none") }),
  z.object({ kind: z.literal("relay") }),
  z.object({ kind: z.literal("direct"), address: z.string(), port: z.int() }),
]);

export const peerStatusSchema = z.object({
  nid: z.string(),
  name: z.string(),
  ip4: z.string().optional(),
  ip6: z.string(),
  groups: z.array(z.string()),
  /** idle: no session and nothing to send. */
  session: z.enum(["no-keys", "idle", "handshaking", "established"]),
  path: pathSchema,
  online: z.boolean(),
  /** A stock WireGuard client of this gateway: never online at the coordinator, and silent while its device sleeps. */
  client: z.literal(true).optional(),
  /** Milliseconds since the last completed handshake; absent before the first. */
  handshakeAge: z.number().optional(),
  roundTrip: z.number().optional(),
  received: z.number(),
  sent: z.number(),
});
export type PeerStatus = z.infer<typeof peerStatusSchema>;

export const agentStatusSchema = z.object({
  v: z.literal(1),
  mesh: z.string(),
  meshId: z.string(),
  nid: z.string(),
  name: z.string(),
  ip4: z.string().optional(),
  ip6: z.string(),
  release: z.string(),
  interface: z.string(),
  state: z.enum(["waiting-for-grant", "up", "frozen", "refused"]),
  coordinator: z.object({
    state: z.enum(["connected", "connecting"]),
    url: z.string().optional(),
    error: z.string().optional(),
  }),
  head: z.object({ seq: z.int(), hash: z.string() }),
  dataPlane: z.string(),
  /** Threads of it that move packets; absent from agents that have one. */
  dataPlaneThreads: z.int().min(0).optional(),
  /** Of the native data plane, by name: "on", or "off: REASON". */
  offloads: z.record(z.string(), z.string()).optional(),
  /** Refusals and other counters by stable name. */
  counters: z.record(z.string(), z.number()),
  alarms: z.array(z.string()),
  uptime: z.number(),
});
export type AgentStatus = z.infer<typeof agentStatusSchema>;

/** Answer to `kept`. */
export const keptReplySchema = z.object({
  items: z.array(z.object({ item: signedItemSchema, seen: z.int().min(0).optional() })),
});

/** Answer to `clients`. */
export const clientsReplySchema = z.object({
  clients: z.array(
    z.object({
      nid: z.string(),
      name: z.string(),
      /** Of the grant that this agent has. */
      seq: z.int(),
      /** False: its secret was sealed to another control key than this node has now. */
      ready: z.boolean(),
      path: pathSchema,
      /** Milliseconds since its last handshake here; absent before the first. */
      handshakeAge: z.number().optional(),
      received: z.number(),
      sent: z.number(),
    }),
  ),
});
export type ClientStatus = z.infer<typeof clientsReplySchema>["clients"][number];

export const pingReplySchema = z.object({
  path: pathSchema,
  /** Milliseconds of each answered ping, in order; a lost one is null. */
  roundTrips: z.array(z.number().nullable()),
});
export type PingReply = z.infer<typeof pingReplySchema>;

/** Every answer: `{ok: true, result}` or `{ok: false, code, message}`. */
export const agentReplySchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);
