// The result as text: one table for the terminal, and the same in Markdown.
import { type Entry, type FigureResult, own, type Result, reference } from "./result.ts";

/** Median, and the ratio to the reference with its range over the runs. */
export function renderTable(result: Result): string {
  const names = result.contenders.map(({ name }) => name);
  const rows = [["", ...names], ...result.figures.map((figure) => [label(figure), ...cells(figure, names)])];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const versions = result.contenders.map(({ name, version }) => `${name} ${version}`).join(", ");
  const { processor, cores, kernel, runs, seconds, load, busy } = result.conditions;
  const beside = busy === 0 ? "" : `, ${busy} busy programs beside`;
  return [
    `${runs} runs of ${seconds} s each, in turns; ${cores} × ${processor}, Linux ${kernel}, load before ${load}${beside}`,
    versions,
    "Median, and × the reference in the same run: median [least … greatest].",
    "",
    ...lines,
    "",
    ...renderTargets(result),
    ...result.failures.map((failure) => `FAILED: ${failure}`),
    "",
  ].join("\n");
}

export function renderMarkdown(result: Result): string {
  const names = result.contenders.map(({ name }) => name);
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    row(["", ...names]),
    row(["---", ...names.map(() => "---")]),
    ...result.figures.map((figure) => row([label(figure), ...cells(figure, names)])),
    "",
  ].join("\n");
}

/** TunnelMesh against the reference, for the README. */
export function renderSummary({ figures, conditions }: Result): string {
  const rows = figures.flatMap(({ name, entries }) => {
    const ratio = entries.find(({ contender }) => contender === own)?.ratio;
    if (ratio === undefined || ratio === null) return [];
    const { median, least, greatest } = ratio;
    return [`| ${name} | ${median.toFixed(2)} × | ${least.toFixed(2)}–${greatest.toFixed(2)} × |`];
  });
  const { runs, seconds, cores, processor, load } = conditions;
  return [
    `| ${own} against ${reference} | median | range |`,
    "|---|---|---|",
    ...rows,
    "",
    `${runs} interleaved runs of ${seconds} s on ${cores} × ${processor}; load before them ${load}.`,
    "",
    "![Tunnels compared: bars of throughput, latency and processor time](docs/speed.svg)",
    "",
  ].join("\n");
}

function renderTargets({ targets }: Result): string[] {
  return targets.map(({ name, limit, reached, holds }) => {
    return `${holds ? "reached     " : "NOT REACHED "} ${name}: ${reached.toFixed(2)} (wanted ${limit})`;
  });
}

function label({ name, unit }: FigureResult): string {
  return `${name}, ${unit}`;
}

function cells({ entries }: FigureResult, names: readonly string[]): string[] {
  return names.map((name) => {
    const entry = entries.find(({ contender }) => contender === name);
    return entry === undefined ? "–" : renderEntry(entry);
  });
}

function renderEntry({ value, ratio }: Entry): string {
  const text = renderValue(value.median);
  if (ratio === null || (ratio.least === 1 && ratio.greatest === 1)) return text;
  return `${text} × ${ratio.median.toFixed(2)} [${ratio.least.toFixed(2)} … ${ratio.greatest.toFixed(2)}]`;
}

function renderValue(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
