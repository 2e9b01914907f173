// What the runs amount to: medians, ratios to the reference within each run, and which targets are reached.
import { type FigureName, figures, type Sample } from "./rows.ts";

/** All ratios are to this one. */
export const reference = "wireguard-go";
export const own = "TunnelMesh";

export interface Conditions {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  /** Of the minute before: what else the machine was doing. */
  readonly load: number;
  /** Programs that competed for the processor all along. */
  readonly busy: number;
  readonly runs: number;
  /** Of one transfer. */
  readonly seconds: number;
  readonly configuredPeers: number;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

export interface Entry {
  readonly contender: string;
  /** One per run; null where it failed or took no part. */
  readonly samples: readonly (number | null)[];
  readonly value: Spread;
  /** To the reference in the same run. */
  readonly ratio: Spread | null;
}

export interface FigureResult {
  readonly figure: FigureName;
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly entries: readonly Entry[];
}

export interface Target {
  readonly name: string;
  readonly limit: string;
  /** Median over the runs. */
  readonly reached: number;
  readonly holds: boolean;
}

export interface Result {
  readonly conditions: Conditions;
  readonly contenders: readonly { readonly name: string; readonly version: string }[];
  readonly figures: readonly FigureResult[];
  readonly targets: readonly Target[];
  /** What went wrong, in words. */
  readonly failures: readonly string[];
}

/** By run, then by contender. */
export type Samples = readonly ReadonlyMap<string, Sample>[];

export function makeResult(
  conditions: Conditions,
  contenders: readonly { readonly name: string; readonly version: string }[],
  samples: Samples,
  failures: readonly string[],
): Result {
  const names = Object.keys(figures) as FigureName[];
  const measured = names.flatMap((figure): FigureResult[] => {
    const entries = contenders.flatMap(({ name }) => makeEntry(samples, figure, name));
    return entries.length === 0 ? [] : [{ figure, ...figures[figure], entries }];
  });
  return { conditions, contenders, figures: measured, targets: judge(samples), failures };
}

function makeEntry(samples: Samples, figure: FigureName, contender: string): Entry[] {
  const of = (name: string) => samples.map((run) => run.get(name)?.[figure] ?? null);
  const own = of(contender);
  const value = spread(own);
  if (value === undefined) return [];
  return [{ contender, samples: own.map(round), value, ratio: spread(ratios(own, of(reference))) ?? null }];
}

const atLeast: readonly (readonly [FigureName, number])[] = [
  ["tcp1", 1.6],
  ["reverse", 1.6],
  ["tcp4", 1.8],
  ["udp128", 3.5],
];
const atMost: readonly FigureName[] = ["idleMean", "idleTail", "loadedMean", "loadedTail"];

function judge(samples: Samples): Target[] {
  const of = (figure: FigureName, name: string) => samples.map((run) => run.get(name)?.[figure] ?? null);
  const best = (figure: FigureName) =>
    samples.map((run) => {
      const others = [...run].flatMap(([name, sample]) => (name.startsWith(own) ? [] : [sample[figure] ?? 0]));
      return others.length === 0 ? null : Math.max(...others);
    });
  const target = (name: string, figure: FigureName, to: readonly (number | null)[], limit: number): Target[] => {
    const reached = spread(ratios(of(figure, own), to))?.median;
    if (reached === undefined) return [];
    const more = figures[figure].better === "more";
    return [
      { name, limit: `${more ? "≥" : "≤"} ${limit}`, reached, holds: more ? reached >= limit : reached <= limit },
    ];
  };
  return [
    ...atLeast.flatMap(([figure, limit]) =>
      target(`${figures[figure].name}, to ${reference}`, figure, of(figure, reference), limit),
    ),
    ...target(`${figures.udp128.name}, to the best of the others`, "udp128", best("udp128"), 2),
    ...atMost.flatMap((figure) => target(`${figures[figure].name}, to ${reference}`, figure, of(figure, reference), 1)),
  ];
}

/** Run by run; null where either is missing. */
function ratios(values: readonly (number | null)[], to: readonly (number | null)[]): (number | null)[] {
  return values.map((value, run) => {
    const other = to[run] ?? null;
    return value === null || other === null || other === 0 ? null : value / other;
  });
}

/** Undefined without a number. */
export function spread(values: readonly (number | null)[]): Spread | undefined {
  const sorted = values.filter((value) => value !== null).sort((left, right) => left - right);
  const [least, greatest] = [sorted[0], sorted.at(-1)];
  if (least === undefined || greatest === undefined) return undefined;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? least;
  const upper = sorted[Math.ceil((sorted.length - 1) / 2)] ?? greatest;
  return { median: round((lower + upper) / 2), least: round(least), greatest: round(greatest) };
}

/** Four digits: more of them say nothing. */
function round<Value extends number | null>(value: Value): Value {
  return (value === null ? null : Number(value.toPrecision(4))) as Value;
}
