// Outputs of a plan, and the values that Terraform knows to be secret, wherever they stand.
import { attributesOf, markedSecrets } from "./attributes.ts";
import type { Json, Plan } from "./plan.ts";
import type { ShownChange, ShownPlan } from "./show.ts";

/** By name; outputs that stay as they are are left out. */
export function outputsOf(shown: ShownPlan | undefined): Plan["outputs"] {
  return Object.entries(shown?.output_changes ?? {})
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, change]) => {
      const [action] = change.actions;
      if (action !== "create" && action !== "update" && action !== "delete") return [];
      return [{ name, action, ...outputValues(name, change) }];
    });
}

/** An output is looked at as an attribute of its own name, so that a telling name keeps it back. */
function outputValues(name: string, change: ShownChange): Omit<Plan["outputs"][number], "name" | "action"> {
  const attributes = attributesOf("output", underName(name, change));
  const fields = (side: "before" | "after"): Json => {
    const shown = attributes.filter((attribute) => attribute[side] !== null);
    if (shown.length === 1 && shown[0]?.path === name) return shown[0][side];
    return shown.length === 0
      ? null
      : Object.fromEntries(shown.map((attribute) => [attribute.path.slice(name.length + 1), attribute[side]]));
  };
  return {
    before: fields("before"),
    after: fields("after"),
    unknown: attributes.some(({ unknown }) => unknown),
    sensitive: attributes.some(({ sensitive }) => sensitive),
  };
}

function underName(name: string, change: ShownChange): ShownChange {
  const wrap = (value: unknown): unknown => ({ [name]: value });
  return {
    actions: change.actions,
    before: wrap(change.before),
    after: wrap(change.after),
    after_unknown: wrap(change.after_unknown),
    before_sensitive: wrap(change.before_sensitive),
    after_sensitive: wrap(change.after_sensitive),
  };
}

/** Values that Terraform knows to be secret. */
export function secretsOfShown(shown: ShownPlan | undefined): readonly string[] {
  if (shown === undefined) return [];
  const variables = Object.entries(shown.configuration.root_module.variables)
    .filter(([, { sensitive }]) => sensitive === true)
    .flatMap(([name]) => {
      const value = shown.variables?.[name]?.value;
      return typeof value === "string" ? [value] : [];
    });
  const resources = [...shown.resource_changes, ...shown.resource_drift];
  const outputs = Object.entries(shown.output_changes);
  return [
    ...variables,
    ...resources.flatMap(({ type, change }) => markedSecrets(type, change)),
    ...outputs.flatMap(([name, change]) => markedSecrets("output", underName(name, change))),
  ];
}
