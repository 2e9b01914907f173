// Runs everything a contributor needs before a change, in order, and closes with one line "N passed, N failed".
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { installPackages } from "./packages.ts";

interface Step {
  readonly name: string;
  readonly group: "check" | "unit" | "lab" | "e2e" | "soak";
  readonly command: readonly string[];
  /** Vitest steps count their tests; any other step counts as one. */
  readonly vitest?: true;
}

const root = path.resolve(import.meta.dirname, "..");
const bin = (name: string): string => path.join(root, "node_modules", ".bin", name);
const vitest = (project: string): readonly string[] => [bin("vitest"), "run", "--project", project];

const steps: readonly Step[] = [
  { name: "format and lint", group: "check", command: [bin("biome"), "ci", "."] },
  { name: "types", group: "check", command: [bin("tsc"), "--noEmit", "-p", "."] },
  { name: "unit, properties, vectors, architecture", group: "unit", command: vitest("unit"), vitest: true },
  { name: "labs in network namespaces", group: "lab", command: vitest("lab"), vitest: true },
  { name: "end to end on local hosts", group: "e2e", command: vitest("e2e"), vitest: true },
  { name: "soak", group: "soak", command: vitest("soak"), vitest: true },
];

/** Groups whose steps run at the same time, after all others. */
const besides: ReadonlySet<Step["group"]> = new Set(["lab", "e2e"]);

const wanted = chooseGroups(process.argv.slice(2));
await installPackages(wanted.has("lab") || wanted.has("e2e") || wanted.has("soak"));
process.exitCode = await runSteps(steps.filter((step) => wanted.has(step.group)));

function chooseGroups(flags: readonly string[]): ReadonlySet<string> {
  const only = flags.indexOf("--only");
  if (only >= 0) return new Set((flags[only + 1] ?? "").split(","));
  if (flags.includes("--soak")) return new Set(["soak"]);
  return new Set(["check", "unit", "lab", "e2e"]);
}

async function runSteps(chosen: readonly Step[]): Promise<number> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const folder = mkdtempSync(path.join(tmpdir(), "tm-test-"));
  const runStep = async (step: Step, label: string): Promise<void> => {
    const started = Date.now();
    process.stdout.write(`\n== ${step.name}\n`);
    const report = path.join(folder, `${step.group}.json`);
    const reporting = step.vitest ? ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`] : [];
    const code = await runCommand([...step.command, ...reporting], label);
    addCounts(counts, step, code, report);
    process.stdout.write(
      `== ${step.name}: ${code === 0 ? "ok" : "failed"}, ${Math.round((Date.now() - started) / 1000)} s\n`,
    );
  };
  try {
    for (const step of chosen.filter(({ group }) => !besides.has(group))) await runStep(step, "");
    // Both mostly wait: for hosts to start, for keys to grow old. Side by side they take little longer than the longer one.
    await Promise.all(
      chosen.filter(({ group }) => besides.has(group)).map((step) => runStep(step, `${step.group} | `)),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
  return counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}

function addCounts(
  counts: { passed: number; failed: number; skipped: number },
  step: Step,
  code: number,
  report: string,
): void {
  if (!step.vitest) {
    if (code === 0) counts.passed += 1;
    else counts.failed += 1;
    return;
  }
  const result = readReport(report);
  counts.passed += result.numPassedTests;
  counts.skipped += result.numPendingTests;
  // A run that failed without a failed test (a file that does not load, a worker that died) still failed.
  counts.failed += code === 0 ? 0 : Math.max(1, result.numFailedTests);
}

function readReport(file: string): { numPassedTests: number; numFailedTests: number; numPendingTests: number } {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    process.stderr.write(`no test report: ${String(error)}\n`);
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  }
}

/** `label` begins each line of output where several commands run side by side; without one the terminal is the command's. */
function runCommand(command: readonly string[], label: string): Promise<number> {
  const [program, ...parameters] = command;
  return new Promise((resolve, reject) => {
    const environment = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env["PATH"] ?? ""}` };
    const output = label === "" ? "inherit" : "pipe";
    const stdio = ["inherit", output, output] as const;
    const child = spawn(program ?? "false", parameters, { cwd: root, stdio: [...stdio], env: environment });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => process.stdout.write(`${label}${line}\n`));
    }
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 1));
  });
}
