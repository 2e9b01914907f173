// Ends of access before and after a deploy: members and ranges that every rule treats alike are one class.
import type { PolicyModel, SelectorModel } from "../../../constructs/model.ts";
import { isInRange, type Parties, type Party, rangeHolds } from "./parties.ts";

type Rule = PolicyModel["allow"][number];
export type Time = "before" | "after";
export const times = ["before", "after"] as const;

/** A rule, and when it holds. */
export interface TimedRule extends Readonly<Record<Time, boolean>> {
  readonly rule: Rule;
}

/** Places in the list of rules. */
type Selecting = Readonly<Record<Time, ReadonlySet<number>>>;

export interface Class {
  /** Names of members, and ranges. */
  readonly keys: readonly string[];
  /** Rules that select it on either side, while they hold. */
  readonly from: Selecting;
  readonly to: Selecting;
}

/** Every rule of either time once. */
export function joinRules(before: readonly Rule[], after: readonly Rule[]): readonly TimedRule[] {
  const byText = (rules: readonly Rule[]) => new Map(rules.map((rule) => [JSON.stringify(rule), rule]));
  const [was, is] = [byText(before), byText(after)];
  return [...new Map([...was, ...is])].map(([text, rule]) => ({ rule, before: was.has(text), after: is.has(text) }));
}

/** @param meshRanges where members have their addresses */
export function classesOf(
  rules: readonly TimedRule[],
  parties: Parties,
  meshRanges: readonly string[],
): readonly Class[] {
  const select = (end: End, side: "from" | "to"): Selecting => {
    const at = (time: Time) =>
      new Set(
        rules.flatMap((one, index) => (one[time] && selects(one.rule[side], end[time], meshRanges) ? [index] : [])),
      );
    return { before: at("before"), after: at("after") };
  };
  const all = endsOf(rules, parties).map((end) => ({
    keys: [end.key],
    from: select(end, "from"),
    to: select(end, "to"),
  }));
  const alike = Map.groupBy(all, ({ from, to }) =>
    [from.before, from.after, to.before, to.after].map((indices) => [...indices].join()).join(";"),
  );
  return [...alike.values()].map((group) => ({ ...group[0]!, keys: group.flatMap(({ keys }) => keys) }));
}

/** A member or a range that rules may name on either side, in either time. */
interface End extends Readonly<Record<Time, Party | string | undefined>> {
  readonly key: string;
}

function endsOf(rules: readonly TimedRule[], { before, after }: Parties): readonly End[] {
  const was = new Map(before.map((party) => [party.key, party]));
  const is = new Map(after.map((party) => [party.key, party]));
  const ranges = new Set(rules.flatMap(({ rule }) => [rule.from, rule.to].flatMap(rangeOf)));
  return [
    ...[...ranges].toSorted().map((cidr) => ({ key: cidr, before: cidr, after: cidr })),
    ...[...new Set([...was.keys(), ...is.keys()])]
      .toSorted()
      .map((key) => ({ key, before: was.get(key), after: is.get(key) })),
  ];
}

function rangeOf(selector: SelectorModel): readonly string[] {
  return selector.kind === "cidr" ? [selector.cidr] : [];
}

function selects(selector: SelectorModel, end: Party | string | undefined, meshRanges: readonly string[]): boolean {
  if (end === undefined) return false;
  if (typeof end === "string") return selector.kind === "cidr" && rangeHolds(selector.cidr, end);
  switch (selector.kind) {
    case "node":
      return selector.name === end.name;
    case "group":
      return end.groups.includes(selector.name);
    case "cidr":
      return isInRange(selector.cidr, end, meshRanges);
    default:
      return selector satisfies never;
  }
}

/** Pairs that some rule lets through in one time alone: no other pair can gain or lose anything. */
export function pairsThatChange(
  rules: readonly TimedRule[],
  classes: readonly Class[],
): ReadonlyMap<Class, ReadonlySet<Class>> {
  const found = new Map<Class, Set<Class>>();
  for (const index of rules.keys()) {
    for (const [time, other] of [times, times.toReversed() as ["after", "before"]]) {
      const targets = classes.filter(({ to }) => to[time].has(index));
      for (const from of classes) {
        if (!from.from[time].has(index)) continue;
        const kept = from.from[other].has(index);
        const changed = kept ? targets.filter(({ to }) => !to[other].has(index)) : targets;
        if (changed.length === 0) continue;
        const known = found.get(from) ?? new Set();
        for (const to of changed) known.add(to);
        found.set(from, known);
      }
    }
  }
  return found;
}
