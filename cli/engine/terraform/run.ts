// Runs Terraform in a workspace: its events as they come, its failures in its own words, an interrupt passed on once.
import { spawn } from "node:child_process";
import { execa } from "execa";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { waitForLock } from "../trust/lock.ts";
import type { TerraformBinary } from "./binary.ts";
import { readEvent, type TerraformEvent } from "./events.ts";
import { failureCode } from "./failure-code.ts";
import { openOutput } from "./output.ts";
import { holdRunFolder } from "./run-folder.ts";
import { describeStateLock, readStateLock } from "./state-lock.ts";
import { keepProviderLock, type Workspace } from "./workspace.ts";

export interface TerraformRun {
  readonly binary: TerraformBinary;
  readonly workspace: Workspace;
  /** The first abort asks Terraform to end its step and write its state; it is waited for. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Longest line that Terraform writes here: a plan as JSON of a large stack. */
const outputLimit = 256 * 1024 * 1024;

/** Milliseconds for another run of the project to fetch its providers. */
const initPatience = 600_000;

/** @throws TunnelMeshError TM_TERRAFORM_FAILED */
export async function initialize(run: TerraformRun): Promise<void> {
  const { packages } = run.workspace;
  if (packages === undefined) return initializeAlone(run);
  // Terraform does not promise that two inits at once may share a folder of packages.
  const lock = await waitForLock(`${packages}.json`, initPatience, run.signal);
  try {
    await initializeAlone(run);
  } finally {
    await lock.release();
  }
}

async function initializeAlone(run: TerraformRun): Promise<void> {
  const { backendArguments, lockMode, lockPlatforms } = run.workspace;
  const readOnly = lockMode === "read-only" ? ["-lockfile=readonly"] : [];
  await execute(run, ["init", "-input=false", "-no-color", ...backendArguments, ...readOnly], () => undefined);
  if (lockPlatforms !== undefined) await lockOthers(run, lockPlatforms);
  await keepProviderLock(run.workspace);
}

/**
 * Makes the state alone usable: Terraform asks for the providers of what is in the state too, last of all, and is told to find none.
 * @param empty an empty folder
 * @throws TunnelMeshError TM_TERRAFORM_FAILED
 */
export async function initializeState(run: TerraformRun, empty: string): Promise<void> {
  const arguments_ = ["init", "-input=false", "-no-color", `-plugin-dir=${empty}`, ...run.workspace.backendArguments];
  try {
    await execute(run, arguments_, () => undefined);
  } catch (error) {
    const said = isTunnelMeshError(error) && error.code === "TM_TERRAFORM_FAILED" ? (error.detail ?? "") : "";
    if (!/Failed to query available provider packages/.test(said)) throw error;
  }
}

/** A registry or mirror that lacks a platform is no reason to stop: a machine of that platform adds its own line. */
async function lockOthers(run: TerraformRun, platforms: readonly string[]): Promise<void> {
  try {
    await execute(run, ["providers", "lock", "-no-color", ...platforms], () => undefined);
  } catch (error) {
    if (run.signal.aborted || !isTunnelMeshError(error)) throw error;
    run.log(`the provider lock is for this platform alone: ${error.message}`);
  }
}

export interface PlannedFile {
  /** Absolute path of the saved plan; it holds secrets and stays in the workspace. */
  readonly file: string;
  readonly changes: boolean;
}

/**
 * Plans into a file of the workspace.
 * @param variables values of Terraform variables, given through the environment alone
 * @throws TunnelMeshError TM_TERRAFORM_…
 */
export async function plan(
  run: TerraformRun,
  options: { readonly variables: Readonly<Record<string, string>>; readonly arguments?: readonly string[] },
  onEvent: (event: TerraformEvent) => void,
): Promise<PlannedFile> {
  const file = "planned.tfplan";
  const given = ["plan", "-input=false", "-json", "-detailed-exitcode", `-out=${file}`, ...(options.arguments ?? [])];
  const code = await execute(run, given, onEvent, options.variables, [0, 2]);
  return { file, changes: code === 2 };
}

/** Carries out a saved plan. @throws TunnelMeshError TM_TERRAFORM_… */
export async function apply(
  run: TerraformRun,
  file: string,
  variables: Readonly<Record<string, string>>,
  onEvent: (event: TerraformEvent) => void,
): Promise<void> {
  await execute(run, ["apply", "-input=false", "-json", file], onEvent, variables);
}

/** Removes everything. @throws TunnelMeshError TM_TERRAFORM_… */
export async function destroy(
  run: TerraformRun,
  onEvent: (event: TerraformEvent) => void,
  arguments_: readonly string[] = [],
): Promise<void> {
  await execute(run, ["destroy", "-input=false", "-json", "-auto-approve", ...arguments_], onEvent);
}

/** Runs a command that prints for people, such as `import` or `force-unlock`. @throws TunnelMeshError TM_TERRAFORM_… */
export async function carryOut(run: TerraformRun, arguments_: readonly string[]): Promise<void> {
  await execute(run, arguments_, () => undefined);
}

/**
 * What a command prints as JSON: `show -json FILE`, `output -json`, `state pull`; undefined when it prints nothing.
 * @throws TunnelMeshError TM_TERRAFORM_FAILED
 */
export async function readJson(run: TerraformRun, arguments_: readonly string[]): Promise<unknown> {
  const text = await readText(run, arguments_);
  return text.trim() === "" ? undefined : JSON.parse(text);
}

/** What a command prints, byte for byte; it is not logged. @throws TunnelMeshError TM_TERRAFORM_FAILED */
export async function readText(run: TerraformRun, arguments_: readonly string[]): Promise<string> {
  const { failed, stdout, stderr } = await execa(run.binary.program, arguments_, {
    ...settings(run, {}),
    cancelSignal: run.signal,
    stripFinalNewline: false,
  });
  if (failed) throw new TunnelMeshError("TM_TERRAFORM_FAILED", { detail: stderr.trim().slice(0, 2000) });
  return stdout;
}

function settings({ workspace }: TerraformRun, variables: Readonly<Record<string, string>>) {
  const given = Object.entries(variables).map(([name, value]) => [`TF_VAR_${name}`, value]);
  return {
    cwd: workspace.folder,
    env: { ...workspace.environment, ...Object.fromEntries(given) },
    reject: false,
    stdin: "ignore",
    maxBuffer: outputLimit,
  } as const;
}

async function execute(
  run: TerraformRun,
  arguments_: readonly string[],
  onEvent: (event: TerraformEvent) => void,
  variables: Readonly<Record<string, string>> = {},
  fine: readonly number[] = [0],
): Promise<number> {
  run.signal.throwIfAborted();
  run.log(`terraform ${arguments_.join(" ")}`);
  const output = await openOutput(run.workspace.base);
  // A group of its own: an interrupt of the terminal reaches Terraform once, through here. What it says goes into a file: where
  // this process dies, a pipe would break, and Terraform with it, between a resource's making and its state.
  const { cwd, env } = settings(run, variables);
  const child = spawn(run.binary.program, arguments_, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", output.descriptor, output.descriptor],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const interrupt = (): void => void child.kill("SIGINT");
  run.signal.addEventListener("abort", interrupt, { once: true });
  const said: string[] = [];
  try {
    if (child.pid !== undefined) await holdRunFolder(run.workspace.base, child.pid);
    for await (const line of output.lines(ended)) {
      run.log(line);
      const event = readEvent(line);
      if (event === undefined) {
        if (!line.startsWith("{") && line.trim() !== "") said.push(line);
        continue;
      }
      if (event.kind === "error")
        said.push(event.address === undefined ? event.text : `${event.address}: ${event.text}`);
      onEvent(event);
    }
    const exitCode = await ended;
    run.signal.throwIfAborted();
    if (exitCode !== null && fine.includes(exitCode)) return exitCode;
    throw await failure(run, said);
  } finally {
    run.signal.removeEventListener("abort", interrupt);
    await output.close();
  }
}

/** The error that stands for what Terraform said; of a lock, who holds it. */
async function failure({ workspace }: TerraformRun, said: readonly string[]): Promise<TunnelMeshError> {
  const text = said.slice(-20).join("\n");
  if (/Error acquiring the state lock/.test(text)) {
    const lock = readStateLock(said.join("\n"));
    const holder = lock === undefined ? await workspace.lockHolder?.() : describeStateLock(lock);
    return new TunnelMeshError("TM_TERRAFORM_LOCKED", { detail: holder ?? text.slice(0, 1000) });
  }
  return new TunnelMeshError(failureCode(text), { detail: text.slice(0, 4000) });
}
