// A plan as a comment of a pull request: what must not be overlooked first, details folded, never longer than GitHub takes.
import { changeOfFinding, hasChanges, type Plan, type PlanChange } from "../../engine/review/plan.ts";
import { describeChange, describeFinding, describeUnknown } from "../../engine/review/words.ts";
import { count } from "../table.ts";
import { renderAttributes } from "./attribute.ts";
import { Budget } from "./budget.ts";
import { renderHost, renderUpgrade } from "./hosts.ts";
import { fence, quoteCode, quoteSummary } from "./quote.ts";
import {
  renderAccess,
  renderAccessTitle,
  renderCost,
  renderCounts,
  renderDeploy,
  renderMembers,
  renderSigns,
  renderTitle,
} from "./sentences.ts";

/** GitHub takes 65 536 characters; the rest is room for what a workflow puts around it. */
export const commentLimit = 60_000;

export interface MarkdownOptions {
  /** Characters of the whole text. */
  readonly limit?: number;
  /** Where the run is to be read, an https address. */
  readonly run?: string | undefined;
}

/** Hidden in a comment: by it the next run finds the comment of the same stack and stage again. */
export function markerOf({ stack, stage }: Pick<Plan, "stack" | "stage">): string {
  return `<!-- tm-plan stack=${encodeURIComponent(stack)} stage=${encodeURIComponent(stage)} -->`;
}

export function renderPlanMarkdown(plan: Plan, { limit = commentLimit, run }: MarkdownOptions = {}): string {
  const budget = new Budget(limit);
  const footer = renderFooter(plan, run);
  budget.add(markerOf(plan));
  if (!hasChanges(plan)) {
    budget.add(`**${renderTitle(plan, quoteCode)}:** no changes.\n\n${footer}`);
    return `${budget.text}\n`;
  }
  budget.add(`### ${renderTitle(plan, quoteCode)}\n`);
  budget.add(`**${renderSigns(plan)}** · ${renderCounts(plan)} · risk: **${plan.risk}**\n`);
  const reserve = footer.length + 200;
  const cost = renderCost(plan, quoteCode);
  const body = new Budget(limit - budget.text.length - reserve - (cost?.length ?? 0));
  let whole = addAlerts(body, plan);
  whole = addTable(body, plan.changes) && whole;
  whole = addList(body, "Members", renderMembers(plan, quoteCode).map(asItem), 0.3) && whole;
  whole = addList(body, renderAccessTitle(plan), renderAccess(plan, quoteCode).map(asItem), 0.3) && whole;
  whole =
    addList(
      body,
      "Not known",
      plan.unknown.map((one) => `- ${describeUnknown(one, quoteCode)}`),
      0.3,
    ) && whole;
  whole = addFolded(body, plan) && whole;
  budget.add(body.text);
  if (cost !== undefined) budget.add(`**Cost:** ${cost}\n`);
  if (!whole) budget.add("_Cut: the whole plan is in the run's summary and in its JSON._\n");
  budget.add(footer);
  return `${budget.text}\n`;
}

/** Each level as an alert of GitHub's. */
function addAlerts(body: Budget, plan: Plan): boolean {
  const whole = (["danger", "warning"] as const).map((level) => {
    const items = plan.findings
      .filter((finding) => finding.level === level)
      .map((finding) => `> - ${describeFinding(finding, quoteCode, changeOfFinding(plan, finding))}`);
    if (items.length === 0) return true;
    body.add(level === "danger" ? "> [!CAUTION]" : "> [!WARNING]");
    const all = body.addItems(items, 0.3, (left) => `> - and ${left} more`);
    body.add("");
    return all;
  });
  return whole.every(Boolean);
}

const marks: Readonly<Record<PlanChange["action"], string>> = {
  create: "+",
  update: "~",
  replace: "±",
  delete: "−",
  import: "←",
  move: "→",
  forget: "·",
};

function addTable(body: Budget, changes: readonly PlanChange[]): boolean {
  if (changes.length === 0) return true;
  const rows = changes.map(
    (change) => `| ${marks[change.action]} | ${describeChange(change, quoteCode, { brief: true })} |`,
  );
  body.add("| | What changes |\n|---|---|");
  const whole = body.addItems(rows, 0.5, (left) => `| | and ${count(left, "change")} more |`);
  body.add("");
  return whole;
}

function addList(body: Budget, title: string, items: readonly string[], share: number): boolean {
  if (items.length === 0) return true;
  body.add(`**${title}**\n`);
  const whole = body.addItems(items, share, (left) => `- and ${left} more`);
  body.add("");
  return whole;
}

/** "+ name joins" as an item of a list: the sign would begin a list of its own. */
function asItem(line: string): string {
  return `- ${line.slice(2)}`;
}

function addFolded(body: Budget, plan: Plan): boolean {
  const sections = [
    ...plan.changes.flatMap((change) => {
      const lines = renderAttributes(change);
      return lines.length === 0
        ? []
        : [fold(`${marks[change.action]} ${quoteSummary(change.address)}`, fence("diff", lines))];
    }),
    ...foldLines(
      "Outputs",
      plan.outputs.map(({ name, action }) => `${name}: ${action}`),
    ),
    ...foldLines(
      "Changed outside of tm",
      plan.drift.map(({ address, paths }) => `${address}: ${paths.join(", ")}`),
    ),
    ...foldLines("Steps on hosts", [...plan.hosts.flatMap(renderHost), ...renderUpgrade(plan)]),
    ...foldLines("Who may reach whom", plan.access),
  ];
  return body.addItems(sections, 1, (left) => `_and ${left} more sections_`);
}

function foldLines(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [fold(title, fence("", lines))];
}

function fold(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>\n`;
}

function renderFooter(plan: Plan, run: string | undefined): string {
  const parts = [
    ...(plan.commit === undefined ? [] : [`commit ${quoteCode(plan.commit.slice(0, 12))}`]),
    `release ${quoteCode(plan.release)}`,
    ...(run === undefined ? [] : [`[run](${encodeURI(run)})`]),
    `made ${plan.createdAt}`,
  ];
  return `<sub>${parts.join(" · ")}</sub>\n\nApply exactly this: ${quoteCode(renderDeploy(plan))}`;
}
