// Terraform over any place of state, with one resource that needs no provider and takes as long as a test wants.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cloud, openCloud } from "../../../../cli/engine/cloud/open.ts";
import type { EngineContext, LoadedStack } from "../../../../cli/engine/deploy/contract.ts";
import { apply, plan, type TerraformRun } from "../../../../cli/engine/terraform/run.ts";
import type { State } from "../../../../constructs/index.ts";
import { Droplet } from "../../../../constructs/index.ts";
import { terraformOf } from "../../../../constructs/terraform.ts";
import { office, synth } from "../../../constructs/mesh.ts";

/** The stack "office" with its state at `state`; Terraform has one thing to do, which lasts until `release` is there. */
export async function heldStack(folder: string, state: State, release: string): Promise<LoadedStack> {
  const model = await synth(
    office((mesh) => {
      mesh.coordinator("hub", new Droplet({ region: "fra1", size: "s-1vcpu-1gb", ssh: [] }));
      return { state };
    }),
  );
  mkdirSync(folder, { recursive: true });
  const wait = { "local-exec": { command: `until [ -e ${release} ]; do sleep 0.05; done` } };
  const { terraform: settings } = terraformOf(model) as { terraform: { backend: unknown } };
  return {
    model,
    projectFolder: folder,
    stackFile: path.join(folder, "stack.ts"),
    stage: model.stage,
    terraform: {
      terraform: { backend: settings.backend },
      resource: { terraform_data: { held: { provisioner: [wait] } } },
    },
  };
}

/** What an engine is given, with what it showed. */
export function engineContext(loaded: LoadedStack, signal = new AbortController().signal) {
  const shown: string[] = [];
  const row = (name: string) => {
    const note = (text = ""): void => void shown.push(`${name}: ${text}`);
    return { update: note, done: note, skip: note, fail: note };
  };
  const progress = { phase: (title: string) => void shown.push(title), row, log: () => undefined };
  return { context: { loaded, progress, signal } satisfies EngineContext, shown };
}

export async function openHeld(
  loaded: LoadedStack,
  signal?: AbortSignal,
): Promise<{ readonly cloud: Cloud; readonly run: TerraformRun; readonly shown: readonly string[] }> {
  const { context, shown } = engineContext(loaded, signal);
  const cloud = (await openCloud(context, { token: false }))!;
  return { cloud, run: cloud.run, shown };
}

/** Begins an apply that holds the lock; `end` lets it finish. */
export async function holdLock(run: TerraformRun, release: string): Promise<{ end(): Promise<void> }> {
  const { file } = await plan(run, { variables: {} }, () => undefined);
  let started = false;
  const applied = apply(run, file, {}, (event) => {
    if (event.kind === "start") started = true;
  });
  while (!started) await Promise.race([applied, sleep(20)]);
  return {
    async end() {
      writeFileSync(release, "");
      await applied;
    },
  };
}
