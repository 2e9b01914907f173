// The hidden half of every construct: what it was made with, found by a mark that other copies of this package share.

/** What can be told apart in a stack file. */
export type RecordKind = "stack" | "mesh" | "node" | "group" | "host" | "service" | "state" | "later";

const marks = new Map<RecordKind, symbol>();

/** Hides `record` in `target` under the mark of `kind`; neither JSON nor the editor shows it. */
export function attachRecord<T extends object>(target: T, kind: RecordKind, record: object): T {
  return Object.defineProperty(target, markOf(kind), { value: record });
}

/** The record of `kind` in `value`, or undefined when it is something else; never `instanceof`, as two copies of this package may meet. */
export function recordOf<R extends object>(value: unknown, kind: RecordKind): R | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  return (value as Record<symbol, R | undefined>)[markOf(kind)];
}

function markOf(kind: RecordKind): symbol {
  const mark = marks.get(kind) ?? Symbol.for(`tunnelmesh.${kind}`);
  marks.set(kind, mark);
  return mark;
}
