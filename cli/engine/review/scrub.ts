// Takes known secrets out of every text of a plan, keys included.
import { type Redactor, sensitiveText } from "./secrets.ts";

/** Fields whose values are words of ours: a secret that happens to be one of them tells nothing. */
const ours = new Set([
  "schema",
  "action",
  "role",
  "basis",
  "risk",
  "level",
  "step",
  "id",
  "currency",
  "createdAt",
  "since",
  "asOf",
]);
/** Fields whose values may be a short secret as a whole. */
const values = new Set(["before", "after"]);

/** A copy without any secret that `redactor` knows. */
export function scrubPlan<T>(value: T, redactor: Redactor): T {
  return scrub(value, redactor, false) as T;
}

function scrub(value: unknown, redactor: Redactor, isValue: boolean): unknown {
  if (typeof value === "string") return isValue ? redactor.scrubValue(value) : redactor.scrub(value);
  if (typeof value === "number" && isValue) {
    const text = String(value);
    return redactor.scrubValue(text) === text ? value : sensitiveText;
  }
  if (Array.isArray(value)) return value.map((element) => scrub(element, redactor, isValue));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      redactor.scrub(key),
      ours.has(key) && !isValue ? field : scrub(field, redactor, isValue || values.has(key)),
    ]),
  );
}
