// The plaintext of one frame of the coordinator channel: a kind byte, then JSON, or for relay frames a node id and bytes.
import type { z } from "zod";
import type { NodeId } from "../brand.ts";
import {
  coordinationKinds,
  endpointsSchema,
  helloSchema,
  itemsSchema,
  noticeSchema,
  pingSchema,
  presenceSchema,
  proposedSchema,
  proposeSchema,
  provenSchema,
  proveSchema,
  submitSchema,
  submittedSchema,
  welcomeSchema,
} from "./messages.ts";
import { plaintextLimit } from "./transport.ts";

/** Kinds whose body is JSON, with the schema that decides. */
const schemas = {
  hello: helloSchema,
  submit: submitSchema,
  endpoints: endpointsSchema,
  ping: pingSchema,
  welcome: welcomeSchema,
  items: itemsSchema,
  presence: presenceSchema,
  submitted: submittedSchema,
  pong: pingSchema,
  notice: noticeSchema,
  prove: proveSchema,
  propose: proposeSchema,
  proven: provenSchema,
  proposed: proposedSchema,
} as const;

type JsonKind = keyof typeof schemas;

/** A sealed datagram on its way through the coordinator: `nid` is the receiver in `relay`, the sender in `relayed`. */
export interface RelayBody {
  readonly nid: NodeId;
  readonly datagram: Uint8Array;
}

/** Each kind with what its body is. */
export type CoordinationBodies = { readonly [K in JsonKind]: z.infer<(typeof schemas)[K]> } & {
  readonly relay: RelayBody;
  readonly relayed: RelayBody;
};
export type CoordinationKind = keyof CoordinationBodies;

/** `unknown`: a kind byte of a later release, to be counted and ignored. */
export type CoordinationMessage =
  | { [K in CoordinationKind]: { readonly kind: K; readonly body: CoordinationBodies[K] } }[CoordinationKind]
  | { readonly kind: "unknown"; readonly code: number };

/** size: empty, or a relay frame without id or datagram. */
export type CoordinationRefusal = "size" | "json" | "schema";
export type CoordinationResult =
  | { readonly ok: true; readonly message: CoordinationMessage }
  | { readonly ok: false; readonly reason: CoordinationRefusal; readonly code: number | undefined };

/** Kind byte and node id before a relayed datagram. */
export const relayOverhead = 33;
/** The longest datagram that fits a relay frame. */
export const relayDatagramLimit = plaintextLimit - relayOverhead;

/** The bytes of a message. @throws RangeError when it does not fit one frame: send it in parts */
export function encodeCoordination<K extends CoordinationKind>(kind: K, body: CoordinationBodies[K]): Uint8Array {
  const content = isRelay(body)
    ? Buffer.concat([Buffer.from(body.nid, "hex"), body.datagram])
    : Buffer.from(JSON.stringify(body), "utf8");
  if (content.length >= plaintextLimit)
    throw new RangeError(`a ${kind} message of ${content.length} bytes is too long`);
  const plaintext = new Uint8Array(1 + content.length);
  plaintext[0] = coordinationKinds[kind];
  plaintext.set(content, 1);
  return plaintext;
}

/** Decodes and validates what the other side sent. The datagram of a relay frame is a view into `plaintext`. */
export function decodeCoordination(plaintext: Uint8Array): CoordinationResult {
  const code = plaintext[0];
  if (code === undefined || plaintext.length > plaintextLimit) return { ok: false, reason: "size", code };
  const kind = kindOf(code);
  if (kind === undefined) return { ok: true, message: { kind: "unknown", code } };
  if (kind === "relay" || kind === "relayed") {
    if (plaintext.length <= relayOverhead) return { ok: false, reason: "size", code };
    const nid = Buffer.from(plaintext.subarray(1, relayOverhead)).toString("hex") as NodeId;
    return { ok: true, message: { kind, body: { nid, datagram: plaintext.subarray(relayOverhead) } } };
  }
  const json = parseJson(plaintext.subarray(1));
  if (json === undefined) return { ok: false, reason: "json", code };
  const body = schemas[kind].safeParse(json.value);
  if (!body.success) return { ok: false, reason: "schema", code };
  // The schema of `kind` made this body; the compiler does not follow the pair through the lookup.
  return { ok: true, message: { kind, body: body.data } as CoordinationMessage };
}

function kindOf(code: number): CoordinationKind | undefined {
  return (Object.keys(coordinationKinds) as CoordinationKind[]).find((kind) => coordinationKinds[kind] === code);
}

function isRelay(body: CoordinationBodies[CoordinationKind]): body is RelayBody {
  return "datagram" in body;
}

/** Strict UTF-8 and JSON; undefined when it is neither. */
function parseJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch (error) {
    // SyntaxError from JSON, TypeError from the decoder: the sender's fault, a value for the caller.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
