// What every rendering of a plan says in the same words: counts, cost, members, what to run.
import { hasChanges, type Plan } from "../../engine/review/plan.ts";
import { describeReach, type Quote } from "../../engine/review/words.ts";
import { count } from "../table.ts";

/** "+3 ~1 ±1 -0". */
export function renderSigns({ summary }: Plan): string {
  return `+${summary.create} ~${summary.update} ±${summary.replace} -${summary.delete}`;
}

/** "Plan: 3 to add, 1 to change, 1 to replace, 0 to destroy, 4 steps on hosts, 1 change of members". */
export function renderCounts({ summary, terraform, accessChanges }: Plan): string {
  const { create, update, replace, delete: gone, move, forget, steps, members } = summary;
  const imported = summary.import;
  const rules = accessChanges.added.length + accessChanges.removed.length;
  const counts = [
    ...(terraform === undefined
      ? []
      : [`${create} to add, ${update} to change, ${replace} to replace, ${gone} to destroy`]),
    ...(imported === 0 ? [] : [`${imported} to import`]),
    ...(move === 0 ? [] : [`${move} to rename`]),
    ...(forget === 0 ? [] : [`${forget} to forget`]),
    ...(steps === 0 ? [] : [`${count(steps, "step")} on hosts`]),
    ...(members === 0 ? [] : [`${count(members, "change")} of members`]),
    ...(rules === 0 ? [] : [`${count(rules, "change")} of rules`]),
  ];
  return `Plan: ${counts.join(", ")}`;
}

/** "$18.00 → $36.00 a month (+$18.00) by …; not counted: …". */
export function renderCost({ cost }: Plan, quote: Quote): string | undefined {
  if (cost === undefined) return undefined;
  const { monthlyBefore, monthlyAfter, source, asOf, unknown } = cost;
  const difference = monthlyAfter - monthlyBefore;
  const sign = difference < 0 ? "−" : "+";
  const known =
    difference === 0
      ? `${dollars(monthlyAfter)} a month, as before`
      : `${dollars(monthlyBefore)} → ${dollars(monthlyAfter)} a month (${sign}${dollars(Math.abs(difference))})`;
  const names = unknown.slice(0, 5).map(({ address, what }) => `${quote(address)} (${quote(what)})`);
  const rest = unknown.length > 5 ? [`${unknown.length - 5} more`] : [];
  const missing = unknown.length === 0 ? "" : `; of unknown price: ${[...names, ...rest].join(", ")}`;
  return `${known}, by ${source} of ${asOf}, without traffic and tax${missing}`;
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

/** One line for each member that comes, goes, or changes. */
export function renderMembers({ members }: Plan, quote: Quote): string[] {
  return [
    ...members.added.map((name) => `+ ${quote(name)} joins`),
    ...members.removed.map((name) => `- ${quote(name)} is signed out`),
    ...members.renamed.map(({ from, to }) => `~ ${quote(from)} becomes ${quote(to)}`),
    ...members.changed.map((name) => `~ ${quote(name)} is signed anew, with other groups or routes`),
  ];
}

/** "Access by the policy (not enforced yet), against that of 2026-11-20": what `renderAccess` is about. */
export function renderAccessTitle({ accessChanges }: Plan): string {
  const { basis, since } = accessChanges;
  return basis === "deployed" && since !== undefined
    ? `Access by the policy (not enforced yet), against that of ${since.slice(0, 10)}`
    : "Access by the policy (not enforced yet)";
}

/** One line for each rule that comes or goes, and for each that gains or loses by it. */
export function renderAccess({ accessChanges }: Plan, quote: Quote): string[] {
  const { added, removed, gained, lost } = accessChanges;
  return [
    ...gained.map((reach) => `+ ${describeReach(reach, "gained", quote)}`),
    ...lost.map((reach) => `- ${describeReach(reach, "lost", quote)}`),
    ...added.map((rule) => `+ new rule: ${quote(rule)}`),
    ...removed.map((rule) => `- rule no more: ${quote(rule)}`),
  ];
}

/** What applies exactly this plan. */
export function renderDeploy({ stage, digest, replace }: Plan): string {
  const named = replace.map((name) => ` --replace ${name}`).join("");
  return `tm deploy --stage ${stage}${named} --expect-digest ${digest}`;
}

export function renderTitle({ stack, stage }: Plan, quote: Quote): string {
  return `Plan for ${quote(stack)}, stage ${quote(stage)}`;
}

/** In place of the whole plan where nothing would change. */
export function renderNothing(plan: Plan): string | undefined {
  return hasChanges(plan) ? undefined : "No changes.";
}
