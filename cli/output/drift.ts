// Renders what changed of resources: address, then each attribute with what it was and what it is.
import type { Adoption, ChangedAttribute, DriftedResource } from "../engine/state/contract.ts";
import { count } from "./table.ts";

/** Longest value in a line; a script or a list of rules is cut. */
const valueLimit = 100;

export function renderDrift(drift: readonly DriftedResource[]): string {
  if (drift.length === 0) return "Nothing changed outside tm.";
  return drift
    .flatMap(({ address, node, what, attributes }) => {
      const of = node === undefined ? "" : ` (${node})`;
      if (what === "deleted") return [`- ${address}${of} is gone`];
      return [`~ ${address}${of}`, ...attributes.map((one) => `    ${renderAttribute(one)}`)];
    })
    .join("\n");
}

/** What is adopted, and what the next deploy would change of it. */
export function renderAdoption({ droplet, resources, changes }: Adoption): string {
  return [
    `Droplet ${droplet.id}: ${droplet.name}, ${droplet.size} in ${droplet.region}`,
    `Adopts ${count(resources.length, "resource")}:`,
    ...resources.map(({ address, id }) => `  + ${address} (${id})`),
    ...(changes.length === 0
      ? ["The stack says of them what they are."]
      : ["The next deploy changes, in place:", renderDrift(changes.map((one) => ({ ...one, what: "changed" })))]),
  ].join("\n");
}

function renderAttribute({ name, before, after }: ChangedAttribute): string {
  return `${name}: ${renderValue(before)} -> ${renderValue(after)}`;
}

function renderValue(value: unknown): string {
  if (value === null) return "nothing";
  const text = value === "(sensitive)" ? value : JSON.stringify(value);
  return text.length <= valueLimit ? text : `${text.slice(0, valueLimit)}…`;
}
