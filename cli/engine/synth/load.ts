// Finds, loads and synthesises the stack that a command means: `loadModel` is where every command begins.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { LoadedStack } from "../deploy/contract.ts";
import { findStack } from "./find.ts";
import type { SynthAnswer, SynthRequest } from "./message.ts";
import { findStage } from "./stage.ts";

export interface LoadOptions {
  /** Path or bare name, as on the command line. */
  readonly stack?: string | undefined;
  readonly stage?: string | undefined;
  readonly cwd: string;
  /** TM_STAGE is read from it; the process' own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds that the stack file may take; 15 000 when left out. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** @throws TunnelMeshError TM_STACK_… */
export async function loadModel(options: LoadOptions): Promise<LoadedStack> {
  const found = findStack(options.stack, options.cwd);
  const environment = options.environment ?? process.env;
  const stage = findStage(found.projectFolder, { flag: options.stage, environment: environment["TM_STAGE"] });
  const { model, terraform } = await runStack({ ...found, stage }, options.timeout ?? 15_000, options.signal);
  return { ...found, stage, model, ...(terraform === undefined ? {} : { terraform }) };
}

async function runStack(
  request: SynthRequest,
  timeout: number,
  signal?: AbortSignal,
): Promise<Extract<SynthAnswer, { ok: true }>> {
  const answer = await askThread(request, timeout, signal);
  if (answer.ok) return answer;
  const { code, detail, advice, trace } = answer;
  const cause = trace === undefined ? undefined : Object.assign(new Error(detail), { stack: trace });
  throw new TunnelMeshError(code, {
    ...(detail === undefined ? {} : { detail }),
    ...(advice === undefined ? {} : { advice }),
    cause,
  });
}

/** One thread per stack, ended after its answer; what the stack prints goes to stderr, as stdout may carry JSON. */
async function askThread(request: SynthRequest, timeout: number, signal?: AbortSignal): Promise<SynthAnswer> {
  const extension = path.extname(fileURLToPath(import.meta.url));
  const thread = new Worker(new URL(`./thread${extension}`, import.meta.url), {
    workerData: request,
    // Of this process' own flags none is needed: in a clone the stack gets the source; that Node strips types is no news.
    execArgv: [
      ...(extension === ".ts" ? ["--conditions=tunnelmesh-source"] : []),
      "--disable-warning=ExperimentalWarning",
      // cdktf calls util.isArray, which is deprecated.
      "--disable-warning=DEP0044",
    ],
    stdout: true,
    stderr: true,
  });
  thread.stdout.pipe(process.stderr, { end: false });
  thread.stderr.pipe(process.stderr, { end: false });
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<SynthAnswer>((resolve, reject) => {
      const place = path.basename(request.stackFile);
      const fail = (code: "TM_STACK_TIMEOUT" | "TM_STACK_FAILED", why: string, cause?: unknown) =>
        reject(new TunnelMeshError(code, { detail: `${place}: ${why}`, cause }));
      timer = setTimeout(() => fail("TM_STACK_TIMEOUT", `no answer after ${timeout / 1000} s`), timeout);
      onAbort = () => reject(signal?.reason);
      if (signal?.aborted) onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      thread.once("message", resolve);
      // What nobody in the stack awaits or catches ends the thread.
      thread.once("error", (error: unknown) =>
        fail("TM_STACK_FAILED", error instanceof Error ? error.message : String(error), error),
      );
      thread.once("exit", (code) => fail("TM_STACK_FAILED", `it ended the process with code ${code}`));
    });
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener("abort", onAbort);
    await thread.terminate();
  }
}
