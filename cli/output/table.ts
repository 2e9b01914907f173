// Plain tables: columns as wide as their widest cell, two spaces between.
import { escapeControls } from "./escape.ts";

/** Renders rows under headings; trailing spaces are cut. Cells may come from hosts: control characters are shown as escapes. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows.map((row) => row.map(escapeControls))];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      widths
        .map((width, column) => (row[column] ?? "").padEnd(width))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** "1 host", "3 hosts". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** "2 min", "3 h 5 min", "12 s". */
export function renderDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** As `renderDuration`, but moving each second for the first hour: "1 min 5 s". */
export function renderElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 60 || seconds >= 3600
    ? renderDuration(milliseconds)
    : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
