// Keeps a result in docs/: the figures as JSON, and what is made of them, the picture and the table.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../../e2e/project.ts";
import { renderChart } from "./chart.ts";
import type { Result } from "./result.ts";
import { renderMarkdown } from "./table.ts";

export const files = {
  figures: path.join(root, "docs/speed.json"),
  picture: path.join(root, "docs/speed.svg"),
  page: path.join(root, "docs/speed.md"),
} as const;
const marks = ["<!-- figures -->\n", "<!-- /figures -->"] as const;

export function saveResult(result: Result): void {
  writeFileSync(files.figures, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(files.picture, renderChart(result));
  writeFileSync(files.page, withTable(readFileSync(files.page, "utf8"), result));
}

/** The page with the result's table between its marks. @throws RangeError without them */
export function withTable(page: string, result: Result): string {
  const start = page.indexOf(marks[0]);
  const end = page.indexOf(marks[1]);
  if (start < 0 || end < start) throw new RangeError(`docs/speed.md has no ${marks[0].trim()}`);
  return `${page.slice(0, start + marks[0].length)}\n${renderMarkdown(result)}\n${page.slice(end)}`;
}
