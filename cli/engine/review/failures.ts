// What --fail-on forbids, and whether a plan does it.
import type { Plan } from "./plan.ts";

/** Values of --fail-on. */
export const failures = ["destroy", "replace", "any"] as const;
export type Failure = (typeof failures)[number];

/** What of it the plan does, in words; empty: nothing. */
export function breachesOf({ summary, members, risk }: Plan, forbidden: readonly Failure[]): readonly string[] {
  const destroyed = summary.delete + summary.replace + members.removed.length;
  return forbidden.flatMap((failure): string[] => {
    switch (failure) {
      case "destroy":
        return destroyed === 0 ? [] : [`${destroyed} destroyed, replaced or signed out`];
      case "replace":
        return summary.replace === 0 ? [] : [`${summary.replace} replaced`];
      case "any":
        return risk === "none" ? [] : ["there are changes"];
      default:
        return failure satisfies never;
    }
  });
}
