// A measured figure: its samples, what they amount to, and whether the limit that it has holds.

export type Unit = "ms" | "s" | "MiB" | "%" | "Mbit/s" | "×";

export interface Measurement {
  readonly name: string;
  readonly unit: Unit;
  /** In `unit`, in the order they were taken; at least one. */
  readonly samples: readonly number[];
  /** No sample may be above it. */
  readonly limit?: number;
}

/** holds: every sample is within the limit; holds-at-median: half of them are; none: there is no limit. */
export type Verdict = "holds" | "holds-at-median" | "broken" | "none";

export interface Summary extends Measurement {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly verdict: Verdict;
}

/** @throws RangeError without samples */
export function summarize(measurement: Measurement): Summary {
  const sorted = measurement.samples.toSorted((left, right) => left - right);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  const upper = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (min === undefined || max === undefined || lower === undefined || upper === undefined) {
    throw new RangeError(`${measurement.name} has no samples`);
  }
  const median = (lower + upper) / 2;
  return { ...measurement, min, median, max, verdict: judge(measurement.limit, median, max) };
}

/** One row per figure, and one line that says which limits hold. */
export function renderSummaries(summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => [
    summary.name,
    String(summary.samples.length),
    ...[summary.min, summary.median, summary.max].map((value) => renderNumber(value, summary.unit)),
    summary.unit,
    summary.limit === undefined ? "" : `≤ ${renderNumber(summary.limit, summary.unit)}`,
    verdicts[summary.verdict],
  ]);
  const table = [["FIGURE", "RUNS", "MIN", "MEDIAN", "MAX", "", "LIMIT", ""], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column > 0 && column < 5 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n\n${renderVerdict(summaries)}\n`;
}

const verdicts: Readonly<Record<Verdict, string>> = {
  holds: "holds",
  "holds-at-median": "holds at the median only",
  broken: "DOES NOT HOLD",
  none: "",
};

function judge(limit: number | undefined, median: number, max: number): Verdict {
  if (limit === undefined) return "none";
  if (max <= limit) return "holds";
  return median <= limit ? "holds-at-median" : "broken";
}

function renderVerdict(summaries: readonly Summary[]): string {
  const limited = summaries.filter(({ verdict }) => verdict !== "none");
  const kept = limited.filter(({ verdict }) => verdict === "holds");
  const rest = limited
    .filter(({ verdict }) => verdict !== "holds")
    .map(({ name, verdict }) => `${name} (${verdicts[verdict]})`);
  const head = `${kept.length} of ${limited.length} limits hold in every run`;
  return rest.length === 0 ? `${head}.` : `${head}; not in every run: ${rest.join(", ")}.`;
}

/** Three digits that say something, never an exponent. */
function renderNumber(value: number, unit: Unit): string {
  if (unit === "×") return value.toPrecision(2);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
