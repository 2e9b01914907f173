// Schemas of the provider at the version that cdktf's bindings are made for: what `terraform providers schema -json` prints, reduced.
import schemas from "./schema-2.71.0.json" with { type: "json" };
import type { Attributes, Value } from "./value.ts";

export interface AttributeSchema {
  /** "string", "number", "bool", or ["set", "string"] and the like. */
  readonly type: unknown;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
}

export interface BlockSchema {
  readonly attributes?: Readonly<Record<string, AttributeSchema>>;
  readonly block_types?: Readonly<Record<string, NestedSchema>>;
}

export interface NestedSchema {
  readonly nesting_mode: string;
  readonly block: BlockSchema;
  readonly min_items?: number;
  readonly max_items?: number;
}

export interface Schema {
  readonly version: number;
  readonly block: BlockSchema;
}

export const providerSchema: Schema = schemas.provider;
export const resourceSchemas: Readonly<Record<string, Schema>> = schemas.resource_schemas;
export const dataSourceSchemas: Readonly<Record<string, Schema>> = schemas.data_source_schemas;

const nestingModes: Readonly<Record<string, number>> = { single: 1, list: 2, set: 3, map: 4, group: 5 };

/** A schema as the plugin protocol carries it. */
export function encodeSchema({ version, block }: Schema): object {
  return { version, block: encodeBlock(block) };
}

function encodeBlock({ attributes = {}, block_types = {} }: BlockSchema): object {
  return {
    attributes: Object.entries(attributes).map(([name, { type, ...rest }]) => ({
      name,
      type: Buffer.from(JSON.stringify(type)),
      ...rest,
    })),
    block_types: Object.entries(block_types).map(([name, { nesting_mode, block, min_items, max_items }]) => ({
      type_name: name,
      nesting: nestingModes[nesting_mode],
      block: encodeBlock(block),
      min_items: min_items ?? 0,
      max_items: max_items ?? 0,
    })),
  };
}

/** Every attribute and block of a schema, from `values` or as nothing: Terraform takes no object with gaps. */
export function fillIn({ attributes = {}, block_types = {} }: BlockSchema, values: Attributes): Attributes {
  const filled: Record<string, Value> = {};
  for (const name of Object.keys(attributes)) filled[name] = values[name] ?? null;
  for (const [name, nested] of Object.entries(block_types)) {
    const value = values[name] ?? (nested.nesting_mode === "single" ? null : []);
    filled[name] = Array.isArray(value)
      ? value.map((one) => fillIn(nested.block, one as Attributes))
      : value === null
        ? null
        : fillIn(nested.block, value as Attributes);
  }
  return filled;
}
