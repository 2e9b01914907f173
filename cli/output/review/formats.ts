// A plan in the form that is asked for.
import type { Plan } from "../../engine/review/plan.ts";
import { renderGitlab } from "./gitlab.ts";
import { type MarkdownOptions, renderPlanMarkdown } from "./markdown.ts";
import type { PlanFormat } from "./names.ts";
import { renderPlanText } from "./text.ts";

/** A text without a newline at its end. */
export function renderPlanAs(plan: Plan, format: PlanFormat, options: MarkdownOptions = {}): string {
  switch (format) {
    case "text":
      return renderPlanText(plan);
    case "markdown":
      return renderPlanMarkdown(plan, options).trimEnd();
    case "json":
      return JSON.stringify(plan, undefined, 2);
    case "gitlab":
      return renderGitlab(plan);
    default:
      return format satisfies never;
  }
}
