// npm run bench [-- --json] [--runs N] [--lives N] [--only help,synth,review,mesh]: measures what the project promises and says which limits hold.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { installPackages } from "../packages.ts";
import { measureHelp } from "./help.ts";
import { renderSummaries, summarize } from "./measurement.ts";
import { measureMesh } from "./mesh.ts";
import { measureReview } from "./review.ts";
import { measureSynth } from "./synth.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    runs: { type: "string", default: "5" },
    lives: { type: "string", default: "3" },
    only: { type: "string", default: "help,synth,review,mesh" },
  },
});
const runs = readCount(values.runs);
const lives = readCount(values.lives);
const only = new Set(values.only.split(","));
const report = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

await installPackages(only.has("mesh"));
report(`${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`);
if (only.has("help")) report("tm --help");
const measurements = [
  ...(only.has("help") ? measureHelp(2 * runs) : []),
  ...(only.has("synth") ? measureSynth(runs) : []),
  ...(only.has("review") ? await measureReview(runs) : []),
  ...(only.has("mesh") ? await measureMesh({ lives, runs, report }) : []),
];
const summaries = measurements.map(summarize);
process.stdout.write(
  values.json ? `${JSON.stringify({ figures: summaries }, null, 2)}\n` : `\n${renderSummaries(summaries)}`,
);
if (summaries.some(({ verdict }) => verdict === "broken")) process.exitCode = 1;

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 100) return count;
  throw new RangeError(`"${text}" is not a number of runs from 1 to 100`);
}
