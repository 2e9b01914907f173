// Values of Terraform on the wire: MessagePack, with unknowns as an extension (object-wire-format of the plugin protocol).
import { decode, Encoder, ExtData, ExtensionCodec } from "@msgpack/msgpack";

/** A value that is known after apply. */
export const unknown = Symbol("known after apply");
export type Unknown = typeof unknown;

/** Sets and lists are arrays, objects and maps are objects; null where nothing was set. */
export type Value = null | boolean | number | string | Unknown | readonly Value[] | { readonly [name: string]: Value };
/** A resource, a data source or the provider itself: attributes and nested blocks by name. */
export type Attributes = { readonly [name: string]: Value };

/** Extension 0 is an unknown value, 12 one of which something is known; either is unknown here. */
const codec = new ExtensionCodec();
for (const type of [0, 12]) {
  codec.register({
    type,
    encode: (value: unknown) => (type === 0 && value === unknown ? new Uint8Array([0]) : null),
    decode: () => unknown,
  });
}

export interface DynamicValue {
  readonly msgpack?: Uint8Array;
  readonly json?: Uint8Array;
}

/** Null for an object that is not there. @throws RangeError when it is neither null nor an object */
export function decodeAttributes(value: DynamicValue | null | undefined): Attributes | null {
  const decoded = decodeValue(value);
  if (decoded === null) return null;
  if (typeof decoded !== "object" || Array.isArray(decoded)) throw new RangeError("an object was expected");
  return decoded as Attributes;
}

function decodeValue(value: DynamicValue | null | undefined): Value {
  if (value?.msgpack !== undefined && value.msgpack.length > 0) {
    return decode(value.msgpack, { extensionCodec: codec, maxStrLength: 1 << 24 }) as Value;
  }
  if (value?.json !== undefined && value.json.length > 0) return JSON.parse(Buffer.from(value.json).toString("utf8"));
  return null;
}

export function encodeAttributes(value: Attributes | null): DynamicValue {
  return { msgpack: encodeValue(value) };
}

/** Symbols are no extension's business to the encoder, so unknowns are put in as extension data by hand. */
function encodeValue(value: Value): Uint8Array {
  return new Encoder({ extensionCodec: codec }).encode(withExtensions(value));
}

function withExtensions(value: Value): unknown {
  if (value === unknown) return new ExtData(0, new Uint8Array([0]));
  if (Array.isArray(value)) return value.map(withExtensions);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withExtensions(inner as Value)]));
}

/** Whether both are the same; arrays as sets, as the attributes here that are arrays are sets. */
export function sameValue(left: Value, right: Value): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: Value): string {
  if (value === unknown) return "unknown";
  if (Array.isArray(value)) return `[${value.map(canonical).toSorted().join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value as Attributes).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${name}:${canonical(inner)}`).join()}}`;
}
