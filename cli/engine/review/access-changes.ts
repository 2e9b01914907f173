// Who gains and who loses which access to what: two policies compared member by member, with all that are alike taken together.
import type { PolicyModel, ServiceModel } from "../../../constructs/model.ts";
import { describeRules } from "./access.ts";
import { type Class, classesOf, joinRules, pairsThatChange, type Time, type TimedRule } from "./access-classes.ts";
import type { Parties } from "./parties.ts";
import type { Plan } from "./plan.ts";
import { Reaches } from "./reaches.ts";
import { joinServices, listServices, withoutServices } from "./services.ts";
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
  const rules = joinRules(before, allow);
  const { gained, lost } = comparePairs(rules, classesOf(rules, parties, meshRanges));
  return {
    basis: deployed === "new" ? "new" : "deployed",
    ...(deployed === "new" ? {} : { since: new Date(deployed.at).toISOString() }),
    added: linesAfter.filter((line) => !linesBefore.includes(line)),
    removed: linesBefore.filter((line) => !linesAfter.includes(line)),
    gained: gained.list().map((reach) => ({ ...reach, words: describeReach(reach, "gained", plain) })),
    lost: lost.list().map((reach) => ({ ...reach, words: describeReach(reach, "lost", plain) })),
  };
}

function comparePairs(
  rules: readonly TimedRule[],
  classes: readonly Class[],
): { readonly gained: Reaches; readonly lost: Reaches } {
  const [gained, lost] = [new Reaches(), new Reaches()];
  const compare = comparing(rules);
  for (const [from, targets] of pairsThatChange(rules, classes)) {
    for (const to of targets) {
      const difference = compare(applying(from, to, "before"), applying(from, to, "after"));
      gained.add(from.keys, to.keys, difference.gained);
      lost.add(from.keys, to.keys, difference.lost);
    }
  }
  return { gained, lost };
}

/** Places of the rules by which one may reach the other. */
function applying(from: Class, to: Class, time: Time): readonly number[] {
  return [...from.from[time]].filter((index) => to.to[time].has(index));
}

interface Difference {
  /** One range of ports, or none, in each. */
  readonly gained: readonly ServiceModel[];
  readonly lost: readonly ServiceModel[];
}

/** What is let through by some rules and not by others; many pairs ask the same. */
function comparing(rules: readonly TimedRule[]) {
  const known = new Map<string, Difference>();
  const through = (indices: readonly number[]) => joinServices(indices.flatMap((index) => rules[index]!.rule.services));
  return (before: readonly number[], after: readonly number[]): Difference => {
    const key = `${before.join()};${after.join()}`;
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const [was, is] = [through(before), through(after)];
    const difference = { gained: eachRange(withoutServices(is, was)), lost: eachRange(withoutServices(was, is)) };
    known.set(key, difference);
    return difference;
  };
}

function eachRange(set: Parameters<typeof listServices>[0]): readonly ServiceModel[] {
  return listServices(set).flatMap(({ protocol, ports }) =>
    ports.length === 0 ? [{ protocol, ports }] : ports.map((range) => ({ protocol, ports: [range] })),
  );
}
