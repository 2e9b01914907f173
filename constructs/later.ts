// Values known only after apply, such as the address of a machine that does not exist yet.
import { TunnelMeshError } from "../protocol/errors/error.ts";
import { attachRecord, recordOf } from "./record.ts";

declare const known: unique symbol;

/** Known after apply: it can be passed on and put into `text`, but not read, so `+` and `.length` do not compile. */
export interface Later<T> {
  readonly [known]: T;
}

/** Attribute `name` of `source`, a node or a host of the stack. */
export interface Reference {
  readonly source: object;
  readonly name: string;
}

interface LaterRecord {
  readonly parts: readonly (string | Reference)[];
}

/**
 * Puts text and values known after apply together.
 * @example text`https://${droplet.publicIp}/`
 */
export function text(parts: TemplateStringsArray, ...values: (string | Later<string>)[]): Later<string> {
  return makeLater(parts.flatMap((part, index) => [part, ...(index < values.length ? partsOf(values[index]) : [])]));
}

/** An attribute of a construct, known after apply. */
export function refer(source: object, name: string): Later<string> {
  return makeLater([{ source, name }]);
}

/** What a string or a `Later` is made of. @throws TunnelMeshError TM_STACK_VALUE when it is neither */
export function partsOf(value: unknown): readonly (string | Reference)[] {
  if (typeof value === "string") return [value];
  const record = recordOf<LaterRecord>(value, "later");
  if (record !== undefined) return record.parts;
  throw new TunnelMeshError("TM_STACK_VALUE", { detail: "text`…` takes strings and values known after apply" });
}

function makeLater(parts: readonly (string | Reference)[]): Later<string> {
  const value = {
    [Symbol.toPrimitive](): never {
      throw new TunnelMeshError("TM_STACK_LATER");
    },
  };
  return attachRecord(value, "later", { parts } satisfies LaterRecord) as unknown as Later<string>;
}
