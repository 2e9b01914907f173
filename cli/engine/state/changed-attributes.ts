// Which attributes of a resource differ, as a person and a program can read it; what is secret is not among the values.
import type { ChangedAttribute } from "./contract.ts";

type Sensitive = unknown;

/** How deep attributes of a provider lie at most here. */
const depthLimit = 16;

/**
 * Attributes that differ between two values of Terraform's JSON, in order of their paths. What both sides call nothing (null, "",
 * an empty list) is no difference.
 * @param sensitive Terraform's maps of what is secret in either: true, or the same shape with true in it
 */
export function changedAttributes(
  before: unknown,
  after: unknown,
  sensitive: readonly [Sensitive, Sensitive] = [false, false],
  path: readonly string[] = [],
): readonly ChangedAttribute[] {
  if (isNothing(before) && isNothing(after)) return [];
  if (
    isComposite(before) &&
    isComposite(after) &&
    path.length < depthLimit &&
    Array.isArray(before) === Array.isArray(after)
  ) {
    if (Array.isArray(before) && (before as unknown[]).concat(after).every((one) => !isComposite(one))) {
      return sameMembers(before, after as unknown[]) ? [] : [attribute(path, before, after, sensitive)];
    }
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys]
      .toSorted()
      .flatMap((key) =>
        changedAttributes(
          within(before, key),
          within(after, key),
          [within(sensitive[0], key), within(sensitive[1], key)],
          [...path, key],
        ),
      );
  }
  return Object.is(before, after) ? [] : [attribute(path, before, after, sensitive)];
}

function attribute(
  path: readonly string[],
  before: unknown,
  after: unknown,
  sensitive: readonly [Sensitive, Sensitive],
): ChangedAttribute {
  const show = (value: unknown, hidden: Sensitive): unknown => {
    if (value === undefined || value === null) return null;
    return hasSecret(hidden) ? "(sensitive)" : value;
  };
  const hidden = hasSecret(sensitive[0]) || hasSecret(sensitive[1]);
  return { name: path.join("."), before: show(before, hidden), after: show(after, hidden) };
}

/** Sets arrive as lists in any order. */
function sameMembers(before: readonly unknown[], after: readonly unknown[]): boolean {
  const text = (list: readonly unknown[]) => JSON.stringify(list.map((one) => JSON.stringify(one)).toSorted());
  return text(before) === text(after);
}

function within(value: unknown, key: string): unknown {
  // What is secret as a whole is secret in each part.
  if (value === true) return true;
  return isComposite(value) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function hasSecret(value: Sensitive): boolean {
  return value === true || (isComposite(value) && Object.values(value).some(hasSecret));
}

function isComposite(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
