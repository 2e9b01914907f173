// The thread that runs a stack file: it can be stopped at any moment, and what the stack prints or changes stays in it.
import { readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { Stack } from "../../../constructs/stack.ts";
import { synthesizeStack } from "../../../constructs/synth/synthesize.ts";
import { describeFailure } from "./failure.ts";
import { registerStackHooks } from "./hooks.ts";
import type { SynthAnswer, SynthRequest } from "./message.ts";

const keyFileLimit = 64 * 1024;

parentPort?.postMessage(await answer(workerData as SynthRequest));

async function answer(request: SynthRequest): Promise<SynthAnswer> {
  try {
    registerStackHooks();
    const module = (await import(pathToFileURL(request.stackFile).href)) as { default?: Stack };
    const { model, additions } = await synthesizeStack(module.default as Stack, {
      stage: request.stage,
      stackFile: request.stackFile,
      repository: request.projectFolder,
      readFile: (file) => readProjectFile(file, request.projectFolder),
    });
    const cloud = additions.length > 0 || model.members.some(({ host }) => host.kind === "droplet");
    // Loaded for clouds alone: it takes longer than all the rest.
    const terraform = cloud
      ? (await import("../../../constructs/terraform.ts")).terraformOf(model, additions)
      : undefined;
    return { ok: true, model, terraform };
  } catch (error) {
    return describeFailure(error, request);
  }
}

/** Follows symbolic links only as far as the project. */
async function readProjectFile(file: string, projectFolder: string): Promise<string> {
  const real = await realpath(file).catch((cause) => {
    throw cause.code === "ENOENT" ? new Error("there is no such file", { cause }) : cause;
  });
  const inside = path.relative(await realpath(projectFolder), real);
  if (inside.startsWith("..")) throw new Error("it is a symbolic link that leaves the project");
  if ((await stat(real)).size > keyFileLimit) throw new Error(`it is longer than ${keyFileLimit} bytes`);
  return readFile(real, "utf8");
}
