// Keeps a result in docs/: the figures as JSON, and what is made of them, the picture and the table.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../../e2e/project.ts";
import { renderChart } from "./chart.ts";
import type { Result } from "./result.ts";
import { renderMarkdown, renderSummary } from "./table.ts";

export const files = {
  figures: path.join(root, "docs/speed.json"),
  picture: path.join(root, "docs/speed.svg"),
  page: path.join(root, "docs/speed.md"),
  start: path.join(root, "README.md"),
} as const;

export function saveResult(result: Result): void {
  writeFileSync(files.figures, `${JSON.stringify(result, null, 2)}\n`);
  for (const [file, content] of renderFiles(result)) writeFileSync(file, content);
}

/** What the files in docs/ and the README are with this result. */
export function renderFiles(result: Result): readonly (readonly [file: string, content: string])[] {
  return [
    [files.picture, renderChart(result)],
    [files.page, replaceBetween(readFileSync(files.page, "utf8"), renderMarkdown(result))],
    [files.start, replaceBetween(readFileSync(files.start, "utf8"), renderSummary(result))],
  ];
}

/** The page with `content` between its marks. @throws RangeError without them */
export function replaceBetween(page: string, content: string): string {
  const [opening, closing] = ["<!-- figures -->\n", "<!-- /figures -->"];
  const start = page.indexOf(opening);
  const end = page.indexOf(closing);
  if (start < 0 || end < start) throw new RangeError(`the page has no ${opening.trim()} and ${closing}`);
  return `${page.slice(0, start + opening.length)}\n${content}\n${page.slice(end)}`;
}
