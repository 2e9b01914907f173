// How long a plan of a thousand changes takes from Terraform's JSON to a comment and to text, secrets looked for in all of it.
import { reviewPlan } from "../../cli/engine/review/review.ts";
import { renderPlanAs } from "../../cli/output/review/formats.ts";
import { planFormats } from "../../cli/output/review/names.ts";
import { meshPlan, modelAfter, readShown } from "../cli/engine/review/recorded.ts";
import type { Measurement } from "./measurement.ts";

const changes = 1000;

/** One sample per run. */
export async function measureReview(runs: number): Promise<Measurement[]> {
  const model = await modelAfter();
  const shown = readShown();
  const of = shown.resource_changes.filter(
    ({ change }: { change: { actions: string[] } }) => change.actions[0] !== "no-op",
  );
  shown.resource_changes = Array.from({ length: changes }, (_, index) => {
    const copy = structuredClone(of[index % of.length]);
    return { ...copy, name: `${copy.name}-${index}`, address: `${copy.address}-${index}` };
  });
  const environment = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`S${index}_TOKEN`, `secret-number-${index}`]),
  );
  const samples = Array.from({ length: runs }, () => {
    const began = performance.now();
    const plan = reviewPlan({ model, shown, result: meshPlan, environment, now: 0 });
    for (const format of planFormats) renderPlanAs(plan, format);
    return performance.now() - began;
  });
  return [{ name: "plan of 1000 changes, reviewed and rendered in four forms", unit: "ms", samples, limit: 1000 }];
}
