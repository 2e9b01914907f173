// Messages inside the coordinator channel, after the Noise handshake: a kind byte, then JSON with a schema; relay frames are bytes (life.md §9).
//
// Neighbouring releases talk: a field that a schema does not name is let go, an unknown kind is counted and ignored.
// A coordinator is never trusted: what it sends is a hint (presence, endpoints, order) or a signed item that the agent verifies.
import { z } from "zod";
import { labelField, nodeIdField } from "../trust/fields.ts";
import { signedItemSchema } from "../trust/item.ts";
import { tokenIdField } from "../trust/token-entry.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

/** A place where a node's UDP socket may be reached. */
export const endpointSchema = z.object({
  /** local: an address of an interface; observed: as a server or peer saw it; configured: said by the stack. */
  kind: z.enum(["local", "observed", "configured"]),
  address: z.union([z.ipv4(), z.ipv6()]),
  port: z.int().min(1).max(65535),
});
export type Endpoint = z.infer<typeof endpointSchema>;

/** Kind bytes. 0x01–0x7f go to the coordinator, 0x81–0xff to the agent. */
export const coordinationKinds = {
  hello: 0x01,
  submit: 0x02,
  endpoints: 0x03,
  relay: 0x04,
  ping: 0x05,
  prove: 0x06,
  propose: 0x07,
  welcome: 0x81,
  items: 0x82,
  presence: 0x83,
  relayed: 0x84,
  submitted: 0x85,
  pong: 0x86,
  notice: 0x87,
  proven: 0x88,
  proposed: 0x89,
} as const;

/** First message of an agent. `instance` is random per agent start (clone alarm, life.md §2). */
export const helloSchema = z.object({
  v: z.literal(1),
  nid: hex32,
  instance: z.string().regex(/^[0-9a-f]{32}$/),
  release: z.string().max(64),
  head: z.object({ seq: z.int().min(0), hash: hex32 }),
  /** Last map version applied from this coordinator; 0 = send everything. */
  mapVersion: z.int().min(0),
  /** Random id of the coordinator's store that `mapVersion` belongs to; empty at first. */
  store: z.string().max(64),
});

/** Items for the coordinator to verify, keep and push. A channel that is no member's may submit only self-authenticating ones. */
export const submitSchema = z.object({ id: z.int().min(0), items: z.array(signedItemSchema).min(1).max(64) });

/** All endpoints of the sender; replaces the last list. */
export const endpointsSchema = z.object({ endpoints: z.array(endpointSchema).max(32) });

export const pingSchema = z.object({ id: z.int().min(0) });

/** First answer. `member` says as what the channel counts now; `observed` is where the WebSocket came from. */
export const welcomeSchema = z.object({
  v: z.literal(1),
  member: z.boolean(),
  observed: z.string().max(64),
  store: z.string().max(64),
  mapVersion: z.int().min(0),
});

/** A chunk of the map: items changed since the version asked for. `last` closes one delta and brings the agent to `mapVersion`. */
export const itemsSchema = z.object({
  items: z.array(signedItemSchema).max(256),
  mapVersion: z.int().min(0),
  last: z.boolean(),
});

/** Who is connected and where they may be reached: unsigned hints. `replace` = forget all earlier hints first. */
export const presenceSchema = z.object({
  replace: z.boolean(),
  peers: z.array(z.object({ nid: hex32, online: z.boolean(), endpoints: z.array(endpointSchema).max(32) })).max(256),
});

export const submittedSchema = z.object({
  id: z.int().min(0),
  verdicts: z.array(z.object({ accepted: z.boolean(), known: z.boolean(), reason: z.string().max(512).optional() })),
});

/** Something the agent should know before the channel ends or a frame is refused, by stable code. */
export const noticeSchema = z.object({ code: z.string().max(64), message: z.string().max(512) });

/** Why a join is refused, by stable code of the error catalogue: `TM_JOIN_…` or `TM_COORDINATION_…`. */
const refusal = z.object({
  id: z.int().min(0),
  ok: z.literal(false),
  code: z.string().max(64),
  message: z.string().max(512),
  /** Unix seconds on the coordinator's clock: a hint for a joiner whose clock is far off. */
  time: z.int().min(0),
});

/**
 * From a channel that is no member's: it holds a token of this mesh. `proof` is an armored SSHSIG by the token's key in the
 * namespace token@tunnelmesh over `joinProofText`, which names this very channel. The answer is `proven`, and after an `ok` one
 * the mesh's genesis and log as `items`.
 */
export const proveSchema = z.object({ id: z.int().min(0), tid: tokenIdField, proof: z.string().max(2048) });
export const provenSchema = z.discriminatedUnion("ok", [
  z.object({ id: z.int().min(0), ok: z.literal(true), time: z.int().min(0), usesLeft: z.int().min(0) }),
  refusal,
]);

/**
 * Asks for a free name and IPv4 address for `nid`, after `proven`. `exact`: that name or none; else the coordinator may put a
 * number behind it. Nothing is granted by it: the token's key signs the grant, and `submit` brings it.
 */
export const proposeSchema = z.object({
  id: z.int().min(0),
  nid: nodeIdField,
  name: labelField.optional(),
  exact: z.boolean(),
});
export const proposedSchema = z.discriminatedUnion("ok", [
  z.object({
    id: z.int().min(0),
    ok: z.literal(true),
    name: labelField,
    ip4: z.ipv4(),
    /** What the new grant is to have as `seq`. */
    seq: z.int().min(1),
    time: z.int().min(0),
    /** The grant in force of this node: nothing is to be signed, an earlier join came that far. */
    granted: signedItemSchema.optional(),
    /** The newest keys of this node that the coordinator holds: the next are to have a higher seq. */
    keys: signedItemSchema.optional(),
  }),
  refusal,
]);

/** What the token's key signs to prove itself on one channel. @param binding the handshake hash, 32 bytes */
export function joinProofText(meshId: string, binding: Uint8Array): string {
  return `tm-join-proof-v1\n${meshId}\n${Buffer.from(binding).toString("hex")}\n`;
}
