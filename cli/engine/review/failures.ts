// What --fail-on forbids, and whether a plan does it.
import { hasChanges, isWidening, type Plan } from "./plan.ts";

/** Values of --fail-on. */
export const failures = ["destroy", "replace", "refused", "widening", "any"] as const;
export type Failure = (typeof failures)[number];

/** What of it the plan does, in words; empty: nothing. */
export function breachesOf(plan: Plan, forbidden: readonly Failure[]): readonly string[] {
  const { summary, members, changes, findings } = plan;
  const refused = changes.filter(({ refusedWithout }) => refusedWithout !== undefined);
  const wider = findings.filter(isWidening);
  const destroyed = summary.delete + summary.replace + members.removed.length;
  return forbidden.flatMap((failure): string[] => {
    switch (failure) {
      case "destroy":
        return destroyed === 0 ? [] : [`${destroyed} destroyed, replaced or signed out`];
      case "replace":
        return summary.replace === 0 ? [] : [`${summary.replace} replaced`];
      case "refused":
        return refused.length === 0 ? [] : [`${refused.length} replaced that no --replace names`];
      case "widening":
        return wider.length === 0 ? [] : wider.map(({ words }) => words);
      case "any":
        return hasChanges(plan) ? ["there are changes"] : [];
      default:
        return failure satisfies never;
    }
  });
}
