// Log entries: rare, hash-chained changes that admins sign (life.md §1, protocol.md §5).
import { z } from "zod";
import { checkpointSchema } from "./checkpoint-entry.ts";
import { canonicalJson, hex32, meshIdField, nodeIdField, sequenceField, timeField } from "./fields.ts";
import { tokenAddSchema, tokenRevokeSchema } from "./token-entry.ts";

/** Operations that this version carries out. A release that lacks one stops at the entry before it, with an alarm. */
export const operationSchema = z.discriminatedUnion("type", [
  z.strictObject({
    /** The coordinator's channel key (X25519) and where it answers. */
    type: z.literal("coord.set"),
    key: hex32,
    urls: z
      .array(
        z
          .string()
          .max(512)
          .regex(/^wss?:\/\/[^\s]+$/),
      )
      .min(1)
      .max(8)
      .readonly(),
  }),
  z.strictObject({
    /** Voids the node's grants up to and including `seq`; a higher one readmits it. */
    type: z.literal("node.revoke"),
    nid: nodeIdField,
    seq: sequenceField,
  }),
  tokenAddSchema,
  tokenRevokeSchema,
  checkpointSchema,
]);
export type Operation = z.infer<typeof operationSchema>;

/** An operation of a later version: stops the view, is never guessed. */
export interface UnknownOperation {
  readonly type: "unknown";
  /** What the entry calls it, cut to 64 characters. */
  readonly name: string;
}

const frameSchema = z.strictObject({
  v: z.int().min(1),
  mesh: meshIdField,
  /** 1 for the first entry after genesis. */
  seq: sequenceField,
  /** Hash of the chained line before, as written in the mesh file. */
  prev: hex32,
  /** Unix seconds on the signer's clock; information only. */
  time: timeField,
  op: z.looseObject({ type: z.string().min(1) }),
});

export interface LogEntry extends Omit<z.infer<typeof frameSchema>, "op"> {
  readonly op: Operation | UnknownOperation;
}

/** Log entry as a signer makes it: a version-1 body with an operation that this version knows. */
export interface NewLogEntry extends Omit<LogEntry, "op"> {
  readonly op: Operation;
}

/** Canonical JSON of an entry. @throws ZodError when a field does not fit */
export function encodeLogEntry(entry: NewLogEntry): string {
  return canonicalJson({
    ...frameSchema.parse({ ...entry, v: z.literal(1).parse(entry.v) }),
    op: operationSchema.parse(entry.op),
  });
}

/** Reads an entry from parsed JSON; the second value is what its canonical form is compared with. */
export function readLogEntry(json: unknown): { readonly value: LogEntry; readonly plain: unknown } | undefined {
  const frame = frameSchema.safeParse(json);
  if (!frame.success) return undefined;
  const known = operationSchema.safeParse(frame.data.op);
  // Known name with unknown fields is a later version too: it may mean something else.
  const op =
    known.success && frame.data.v === 1
      ? known.data
      : ({ type: "unknown", name: frame.data.op.type.slice(0, 64) } as const);
  return { value: { ...frame.data, op }, plain: frame.data };
}
