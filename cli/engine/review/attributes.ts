// Which attributes of a resource change, and how, with sensitive values out of sight (marks of Terraform and names of ours).
import type { Json, PlanAttribute } from "./plan.ts";
import { sensitiveText } from "./secrets.ts";
import { isSensitiveName } from "./sensitive-attributes.ts";
import type { ShownChange } from "./show.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A place in the values: both sides, and Terraform's marks, which mirror them or are true for all below. */
interface Place {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly unknown: unknown;
  readonly marks: readonly [unknown, unknown];
  /** A name above keeps back everything below it. */
  readonly hidden: boolean;
}

/** Attributes whose value differs, by path. What is empty on both sides is left out, and `timeouts`, which is Terraform's own. */
export function attributesOf(type: string, change: ShownChange): PlanAttribute[] {
  const place = {
    path: "",
    before: change.before,
    after: change.after,
    unknown: change.after_unknown,
    marks: [change.before_sensitive, change.after_sensitive],
    hidden: false,
  } as const;
  return [...walk(type, place)]
    .filter(({ path }) => path !== "timeouts" && !path.startsWith("timeouts."))
    .toSorted((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0));
}

/** Texts that Terraform or their names mark as sensitive; where else they occur, they are taken out too. */
export function markedSecrets(type: string, change: ShownChange): readonly string[] {
  const { before, after, before_sensitive: first, after_sensitive: second } = change;
  // What is secret on one side is so on the other.
  return [before, after].flatMap((value) =>
    [first, second].flatMap((marks) => [...collectMarked(type, value, marks, false)]),
  );
}

function* walk(type: string, place: Place): Generator<PlanAttribute> {
  const { before, after, unknown, marks, hidden } = place;
  if (unknown !== true && !hidden && marks.every((mark) => mark !== true)) {
    if (isFields(before ?? {}) && isFields(after ?? {}) && (isFields(before) || isFields(after))) {
      const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {}), ...unknownNames(unknown)]);
      for (const name of names) yield* walk(type, into(type, place, name));
      return;
    }
    const both = [...asList(before), ...asList(after)];
    if (both.some(isFields)) {
      yield* blocks(type, place);
      return;
    }
  }
  const leaf = leafOf(type, place);
  if (leaf !== undefined) yield leaf;
}

/** Blocks are compared as a set: where they stand in the list says nothing for most, and would fill the plan. */
function* blocks(type: string, place: Place): Generator<PlanAttribute> {
  const elements = (side: 0 | 1): Element[] =>
    asList(side === 0 ? place.before : place.after).map((element, index) => ({
      key: JSON.stringify(element),
      shown: mask(type, element, at(place.marks[side], index)) as Json,
    }));
  const [before, after] = [elements(0), elements(1)];
  const path = `${place.path}[]`;
  for (const { shown } of without(before, after)) yield { path, before: shown, after: null, ...known(shown) };
  for (const { shown } of without(after, before)) yield { path, before: null, after: shown, ...known(shown) };
  if (holdsTrue(place.unknown)) yield { path, before: null, after: null, unknown: true, sensitive: false };
}

interface Element {
  readonly key: string;
  readonly shown: Json;
}

function without(elements: readonly Element[], others: readonly Element[]): readonly Element[] {
  const left = others.map(({ key }) => key);
  return elements.filter(({ key }) => {
    const found = left.indexOf(key);
    if (found !== -1) left.splice(found, 1);
    return found === -1;
  });
}

function known(shown: Json): { readonly unknown: false; readonly sensitive: boolean } {
  return { unknown: false, sensitive: JSON.stringify(shown).includes(sensitiveText) };
}

function leafOf(type: string, { path, before, after, unknown, marks, hidden }: Place): PlanAttribute | undefined {
  const open = holdsTrue(unknown);
  if (!open && same(before, after)) return undefined;
  const sensitive = hidden || marks.some(holdsTrue);
  const shown = (value: unknown): Json =>
    value === undefined || value === null ? null : sensitive ? sensitiveText : (mask(type, value, undefined) as Json);
  return { path: path === "" ? "*" : path, before: shown(before), after: shown(after), unknown: open, sensitive };
}

/** The value with what is marked, and what has a telling name, replaced. */
function mask(type: string, value: unknown, marks: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (marks === true) return sensitiveText;
  if (Array.isArray(value)) return value.map((element, index) => mask(type, element, at(marks, index)));
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => !isEmpty(field))
      .map(([name, field]) => [name, isSensitiveName(type, name) ? sensitiveText : mask(type, field, at(marks, name))]),
  );
}

function* collectMarked(type: string, value: unknown, marks: unknown, marked: boolean): Generator<string> {
  const here = marked || marks === true;
  if (typeof value === "string") {
    if (here) yield value;
  } else if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) yield* collectMarked(type, element, at(marks, index), here);
  } else if (isFields(value)) {
    for (const [name, field] of Object.entries(value)) {
      yield* collectMarked(type, field, at(marks, name), here || isSensitiveName(type, name));
    }
  }
}

function into(type: string, { path, before, after, unknown, marks, hidden }: Place, name: string): Place {
  return {
    path: path === "" ? name : `${path}.${name}`,
    before: at(before, name),
    after: at(after, name),
    unknown: at(unknown, name),
    marks: [at(marks[0], name), at(marks[1], name)],
    hidden: hidden || isSensitiveName(type, name),
  };
}

function at(value: unknown, key: string | number): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function unknownNames(unknown: unknown): readonly string[] {
  return isFields(unknown) ? Object.keys(unknown) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function holdsTrue(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === true;
  return Object.values(value).some(holdsTrue);
}

function same(left: unknown, right: unknown): boolean {
  return (isEmpty(left) && isEmpty(right)) || JSON.stringify(left) === JSON.stringify(right);
}
