// Who gains and who loses which access to what: two policies compared member by member, with all that are alike taken together.
import type { PolicyModel, SelectorModel, ServiceModel } from "../../../constructs/model.ts";
import { describeRules, describeService } from "./access.ts";
import { isInRange, type Parties, type Party, rangeHolds } from "./parties.ts";
import type { Plan, PlanReach } from "./plan.ts";
import { joinServices, listServices, type ServiceSet, withoutServices } from "./services.ts";
import { describeReach, plain } from "./words.ts";

type Rules = PolicyModel["allow"];

/** The policy that the last deploy left. */
export interface DeployedRules {
  readonly allow: Rules;
  /** Unix milliseconds: when it was first deployed. */
  readonly at: number;
}

export interface AccessQuestion {
  /** "new": nothing was deployed; undefined: what was deployed is not known. */
  readonly deployed: DeployedRules | "new" | undefined;
  readonly allow: Rules;
  readonly parties: Parties;
  /** Where members of the mesh have their addresses. */
  readonly meshRanges: readonly string[];
}

/** Compares what was deployed with what will be; sorted, so that the same question has the same answer everywhere. */
export function changesOfAccess({ deployed, allow, parties, meshRanges }: AccessQuestion): Plan["accessChanges"] {
  if (deployed === undefined) return { basis: "unknown", added: [], removed: [], gained: [], lost: [] };
  const before = deployed === "new" ? [] : deployed.allow;
  const [linesBefore, linesAfter] = [describeRules(before), describeRules(allow)];
  const rules = { before, after: allow };
  const classes = classesOf(endsOf(parties, before, allow), rules, meshRanges);
  const difference = (one: Time, other: Time) =>
    gather(classes, (from, to) => withoutServices(passing(from, to, one, rules), passing(from, to, other, rules)));
  return {
    basis: deployed === "new" ? "new" : "deployed",
    ...(deployed === "new" ? {} : { since: new Date(deployed.at).toISOString() }),
    added: linesAfter.filter((line) => !linesBefore.includes(line)),
    removed: linesBefore.filter((line) => !linesAfter.includes(line)),
    gained: difference("after", "before").map((reach) => ({ ...reach, words: describeReach(reach, "gained", plain) })),
    lost: difference("before", "after").map((reach) => ({ ...reach, words: describeReach(reach, "lost", plain) })),
  };
}

type Time = "before" | "after";

/** A member or a range that rules may name on either side, in either time. */
interface End {
  readonly key: string;
  readonly before: Party | string | undefined;
  readonly after: Party | string | undefined;
}

function endsOf({ before, after }: Parties, ...policies: readonly Rules[]): readonly End[] {
  const was = new Map(before.map((party) => [party.key, party]));
  const is = new Map(after.map((party) => [party.key, party]));
  const ranges = new Set(policies.flat().flatMap(({ from, to }) => [from, to].flatMap(rangeOf)));
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

/** Indices of the rules that select an end on this side. */
type Selecting = Readonly<Record<Time, ReadonlySet<number>>>;

/** Ends that every rule treats alike. */
interface Class {
  readonly keys: readonly string[];
  readonly from: Selecting;
  readonly to: Selecting;
}

function classesOf(
  ends: readonly End[],
  rules: Readonly<Record<Time, Rules>>,
  meshRanges: readonly string[],
): readonly Class[] {
  const select = (end: End, side: "from" | "to"): Selecting => ({
    before: indicesOf(rules.before, (rule) => selects(rule[side], end.before, meshRanges)),
    after: indicesOf(rules.after, (rule) => selects(rule[side], end.after, meshRanges)),
  });
  const all = ends.map((end) => ({ keys: [end.key], from: select(end, "from"), to: select(end, "to") }));
  const alike = Map.groupBy(all, ({ from, to }) =>
    [from.before, from.after, to.before, to.after].map((indices) => [...indices].join()).join(";"),
  );
  return [...alike.values()].map((group) => ({ ...group[0]!, keys: group.flatMap(({ keys }) => keys) }));
}

function indicesOf(rules: Rules, isSelected: (rule: Rules[number]) => boolean): ReadonlySet<number> {
  return new Set(rules.flatMap((rule, index) => (isSelected(rule) ? [index] : [])));
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

function passing(from: Class, to: Class, time: Time, rules: Readonly<Record<Time, Rules>>): ServiceSet {
  const services: ServiceModel[] = [];
  for (const index of from.from[time]) if (to.to[time].has(index)) services.push(...rules[time][index]!.services);
  return joinServices(services);
}

/** Classes that some rule lets `from` reach in either time. */
function reachable(from: Class, byRule: Readonly<Record<Time, ReadonlyMap<number, readonly Class[]>>>): Set<Class> {
  const found = new Set<Class>();
  for (const time of ["before", "after"] as const) {
    for (const index of from.from[time]) for (const to of byRule[time].get(index) ?? []) found.add(to);
  }
  return found;
}

function byRule(classes: readonly Class[], time: Time): ReadonlyMap<number, readonly Class[]> {
  const pairs = classes.flatMap((one) => [...one.to[time]].map((index) => [index, one] as const));
  return new Map(
    [...Map.groupBy(pairs, ([index]) => index)].map(([index, some]) => [index, some.map(([, one]) => one)]),
  );
}

type Reach = Omit<PlanReach, "words">;

/** All pairs with something between them: first with those they reach the same way, then with those who reach the same. */
function gather(classes: readonly Class[], between: (from: Class, to: Class) => ServiceSet): readonly Reach[] {
  const targets = { before: byRule(classes, "before"), after: byRule(classes, "after") };
  const pairs = classes.flatMap((from) =>
    [...reachable(from, targets)].flatMap((to): readonly Reach[] => {
      if (from === to && from.keys.length === 1) return [];
      const services = listServices(between(from, to)).map(describeService);
      return services.length === 0 ? [] : [{ from: [...from.keys], to: [...to.keys], services }];
    }),
  );
  const byFrom = joinAlike(pairs, ({ from, services }) => [from, services], "to");
  return joinAlike(byFrom, ({ to, services }) => [to, services], "from").toSorted((left, right) =>
    JSON.stringify(left) < JSON.stringify(right) ? -1 : 1,
  );
}

function joinAlike(
  reaches: readonly Reach[],
  likeness: (reach: Reach) => unknown,
  joined: "from" | "to",
): readonly Reach[] {
  return [...Map.groupBy(reaches, (reach) => JSON.stringify(likeness(reach))).values()].map((group) => ({
    ...group[0]!,
    [joined]: group.flatMap((reach) => reach[joined]).toSorted(),
  }));
}
