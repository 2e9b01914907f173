// Runs the steps of a generated workflow as GitHub's runner would: a fresh clone, an empty home, the step's own environment.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { root } from "./project.ts";

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly if?: string;
}
interface Job {
  readonly steps: readonly Step[];
  readonly outputs?: Readonly<Record<string, string>>;
}

export interface JobContext {
  /** The clone that the job works in. */
  readonly checkout: string;
  /** Runner's files and artifacts. */
  readonly runner: string;
  /** What the job must not see: a tmpfs lies over each. */
  readonly hidden: readonly string[];
  readonly secrets: Readonly<Record<string, string>>;
  /** What `${{ … }}` gives, beside secrets, inputs and steps: "needs.plan.outputs.digest". */
  readonly values: Readonly<Record<string, string>>;
  /** What every step has, as the runner sets it. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface JobResult {
  readonly code: number;
  /** Name of the step that failed. */
  readonly failed?: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly said: string;
}

/** Runs one job of a workflow file, step by step; what `uses` names is done here, as far as it does anything to the files. */
export async function runJob(workflow: string, name: string, context: JobContext): Promise<JobResult> {
  const { env = {}, jobs } = parse(readFileSync(path.join(context.checkout, workflow), "utf8")) as {
    readonly env?: Readonly<Record<string, string>>;
    readonly jobs: Readonly<Record<string, Job>>;
  };
  const job = jobs[name];
  if (job === undefined) throw new Error(`${workflow} has no job ${name}`);
  mkdirSync(path.join(context.runner, "home"), { recursive: true });
  const file = (of: string) => path.join(context.runner, of);
  const outputs: Record<string, string> = {};
  const fill = (text: string): string =>
    text.replace(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => evaluate(expression, context, outputs));
  let failed: string | undefined;
  let code = 0;
  let said = "";
  writeFileSync(file("summary"), "");
  for (const step of job.steps) {
    if (failed !== undefined && step.if !== "always()") continue;
    if (step.uses !== undefined) {
      passArtifact(step, context, fill);
      continue;
    }
    writeFileSync(file("output"), "");
    const given = Object.fromEntries(
      Object.entries({ ...env, ...step.env }).map(([key, value]) => [key, fill(String(value))]),
    );
    const result = await runScript(step.run ?? "", context, {
      ...given,
      GITHUB_OUTPUT: file("output"),
      GITHUB_STEP_SUMMARY: file("summary"),
    });
    said += `--- ${step.name}\n${result.said}`;
    for (const line of readFileSync(file("output"), "utf8").split("\n")) {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (key !== undefined && step.id !== undefined) outputs[`steps.${step.id}.outputs.${key}`] = value ?? "";
    }
    if (result.code !== 0 && failed === undefined) {
      failed = step.name ?? "a step";
      code = result.code;
    }
  }
  const results = Object.entries(job.outputs ?? {}).map(([key, value]) => [key, fill(value)]);
  return {
    code,
    ...(failed === undefined ? {} : { failed }),
    outputs: Object.fromEntries(results),
    summary: readFileSync(file("summary"), "utf8"),
    said,
  };
}

/** The few expressions that the workflows have: a secret, a value, or a literal after "||". */
function evaluate(
  expression: string,
  { secrets, values }: JobContext,
  outputs: Readonly<Record<string, string>>,
): string {
  for (const part of expression.split(" || ")) {
    const literal = /^'(.*)'$/.exec(part)?.[1];
    const secret = /^secrets\.(\w+)$/.exec(part)?.[1];
    const value = literal ?? (secret === undefined ? (values[part] ?? outputs[part]) : secrets[secret]);
    if (value !== undefined && value !== "") return value;
  }
  return "";
}

function passArtifact(
  { uses = "", with: options }: Step,
  { checkout, runner }: JobContext,
  fill: (text: string) => string,
): void {
  const place = path.join(runner, "artifacts", fill(options?.["name"] ?? ""));
  if (uses.startsWith("actions/upload-artifact@")) {
    mkdirSync(place, { recursive: true });
    cpSync(path.join(checkout, options?.["path"] ?? ""), path.join(place, options?.["path"] ?? ""));
  }
  if (uses.startsWith("actions/download-artifact@")) {
    if (!existsSync(place)) throw new Error(`there is no artifact ${place}`);
    cpSync(place, checkout, { recursive: true });
  }
}

/** As the runner's `shell: bash` runs it, in a mount namespace that hides homes and keys, with no environment but the given one. */
function runScript(script: string, context: JobContext, environment: Readonly<Record<string, string>>) {
  const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "tunnelmesh");
  const seen = path.join(context.runner, "cache/tunnelmesh");
  mkdirSync(seen, { recursive: true });
  const nodeInCache = process.execPath.startsWith(`${cache}/`);
  const node = path.dirname(nodeInCache ? process.execPath.replace(cache, seen) : process.execPath);
  const mounts = [
    `mount --bind '${cache}' '${seen}'`,
    ...[homedir(), ...context.hidden].map((folder) => `mount -t tmpfs -o size=1m tmpfs '${folder}'`),
  ];
  const child = spawn(
    "unshare",
    [
      "--mount",
      "sh",
      "-ec",
      `${mounts.join("\n")}\ncd '${context.checkout}'\nexec bash --noprofile --norc -e -o pipefail -c "$0"`,
      script,
    ],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: `${node}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        HOME: path.join(context.runner, "home"),
        XDG_CACHE_HOME: path.join(context.runner, "cache"),
        CI: "true",
        NO_COLOR: "1",
        npm_config_audit: "false",
        npm_config_fund: "false",
        ...context.environment,
        ...environment,
      },
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  return new Promise<{ code: number; said: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, said }));
  });
}

/** What a project says about the package where it is this checkout. */
export const dependency = `file:${root}`;
