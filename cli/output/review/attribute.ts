// One change's attributes as lines of a diff.
import type { PlanAttribute, PlanChange } from "../../engine/review/plan.ts";
import { renderLiteral } from "../../engine/review/values.ts";

/** Longest shown value, in characters. */
const limit = 300;
/** Known after apply and worth a line when they force something or say where a host is. */
const watched = new Set(["ipv4_address", "ip_address", "ipv6_address"]);

/** Lines with "+", "-" or "~"; what is only known after apply is left out where it says nothing. */
export function renderAttributes({ action, attributes, forcedBy }: PlanChange): string[] {
  const shown = attributes.filter(({ path, unknown, before, after }) =>
    !unknown || before !== null ? !unknown || after !== null || forcedBy.includes(path) || watched.has(path) : false,
  );
  const lines = shown.map((attribute) => renderAttribute(attribute, forcedBy.includes(attribute.path)));
  const left = attributes.length - shown.length;
  if (left > 0 && action !== "create") lines.push(`  ${left} more known after apply`);
  return lines;
}

function renderAttribute({ path, before, after, unknown }: PlanAttribute, forces: boolean): string {
  const then = unknown ? "(known after apply)" : renderLiteral(after, limit);
  const note = forces ? "  # forces replacement" : "";
  if (before === null) return `+ ${path}: ${then}${note}`;
  if (after === null && !unknown) return `- ${path}: ${renderLiteral(before, limit)}${note}`;
  return `! ${path}: ${renderLiteral(before, limit)} → ${then}${note}`;
}
