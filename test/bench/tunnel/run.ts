// Runs every row with every contender in turns, again and again, so that what else the machine does meets them all alike.
import { endOnInterrupt } from "../interrupt.ts";
import type { Contender, Entrant } from "./contender.ts";
import type { Samples } from "./result.ts";
import { measureRow, pairRows, type RowName, type Sample } from "./rows.ts";
import { Stage } from "./stage.ts";

export interface Plan {
  readonly entrants: readonly Entrant[];
  readonly rows: readonly RowName[];
  readonly runs: number;
  readonly seconds: number;
  readonly report: (text: string) => void;
}

export async function runAll(plan: Plan): Promise<{ readonly samples: Samples; readonly failures: readonly string[] }> {
  const { rows } = plan;
  const samples = Array.from({ length: plan.runs }, () => new Map<string, Sample>());
  const failures: string[] = [];
  const stage = await Stage.open(rows.includes("ten"));
  const disarm = endOnInterrupt(async () => await stage.close());
  try {
    const inPairs = pairRows.filter((row) => rows.includes(row));
    if (inPairs.length > 0) await runStage(stage, plan, "pair", inPairs, samples, failures);
    if (rows.includes("ten")) await runStage(stage, plan, "crowd", ["ten"], samples, failures);
  } finally {
    await stage.close();
    disarm();
  }
  return { samples, failures };
}

async function runStage(
  stage: Stage,
  { entrants, runs, seconds, report }: Plan,
  kind: "pair" | "crowd",
  rows: readonly RowName[],
  samples: Map<string, Sample>[],
  failures: string[],
): Promise<void> {
  const contenders: Contender[] = [];
  for (const entrant of entrants) {
    if (kind === "crowd" && !entrant.many) continue;
    report(`starting ${entrant.name}${kind === "crowd" ? " with ten peers" : ""}`);
    contenders.push(await stage.enter(entrant, kind));
  }
  const measure = async (contender: Contender, row: RowName, length: number): Promise<Sample> => {
    try {
      return await measureRow(row, stage.course(contender, row, length));
    } catch (error) {
      const failure = `${row}: ${error instanceof Error ? error.message : String(error)}`;
      report(failure);
      failures.push(failure);
      await stage.renewServers();
      return {};
    }
  };
  // The first transfer compiles, learns and fills caches.
  for (const contender of contenders) await measure(contender, rows[0] ?? "tcp1", 1);
  for (const [run, byName] of samples.entries()) {
    report(`${kind === "crowd" ? "ten peers, " : ""}run ${run + 1} of ${runs}`);
    for (const row of rows) {
      // Nobody is always the one that comes after another.
      for (const contender of run % 2 === 0 ? contenders : contenders.toReversed()) {
        byName.set(contender.name, { ...byName.get(contender.name), ...(await measure(contender, row, seconds)) });
      }
    }
  }
  // Those of the other kind get the machine for themselves.
  if (kind === "pair") await stage.leave(contenders);
}
