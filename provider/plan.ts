// Plans a change as the provider's frame (SDK v2) does: what is known after apply, defaults, and what forces a replacement.
import type { Resource } from "./resource.ts";
import type { Schema } from "./schema.ts";
import { type Attributes, sameValue, unknown, type Value } from "./value.ts";

export interface PlannedChange {
  readonly planned: Attributes | null;
  /** Attributes that force a replacement. */
  readonly replace: readonly string[];
}

/**
 * @param prior null when it does not exist
 * @param proposed the configuration over the prior state, as Terraform merged them; null when it goes
 */
export function planChange(
  schema: Schema,
  resource: Resource,
  prior: Attributes | null,
  proposed: Attributes | null,
  config: Attributes | null,
): PlannedChange {
  if (proposed === null) return { planned: null, replace: [] };
  const attributes = schema.block.attributes ?? {};
  const planned: Record<string, Value> = { ...proposed };
  for (const [name, { computed = false }] of Object.entries(attributes)) {
    const fallback = resource.defaults?.[name];
    if ((config?.[name] ?? null) === null && fallback !== undefined) planned[name] = fallback;
    else if (computed && prior === null && planned[name] === null) planned[name] = unknown;
  }
  const refined = resource.refine?.(prior, planned) ?? { planned };
  if (prior === null) return { planned: refined.planned, replace: [] };
  const forced = new Set([...resource.forceNew, ...(refined.forceNew ?? [])]);
  const replace = [...forced].filter((name) => !sameValue(prior[name] ?? null, refined.planned[name] ?? null));
  return { planned: refined.planned, replace };
}

/** Nothing unknown stays after an apply: what the service did not say is nothing. */
export function withoutUnknowns(state: Attributes): Attributes {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, known(value)]));
}

function known(value: Value): Value {
  if (value === unknown) return null;
  if (Array.isArray(value)) return value.map(known);
  if (value === null || typeof value !== "object") return value;
  return withoutUnknowns(value as Attributes);
}
