// Carries a plan out: one row of progress for each resource, and nonces on the disk before a droplet is made with one.
import { z } from "zod";
import type { MeshModel } from "../../../constructs/model.ts";
import { addressesOutput } from "../../../constructs/terraform/members.ts";
import type { ProgressRow } from "../../output/progress.ts";
import type { EngineContext } from "../deploy/contract.ts";
import type { TerraformEvent } from "../terraform/events.ts";
import { apply, readJson } from "../terraform/run.ts";
import { describeResource } from "./describe.ts";
import {
  dropletAddressesSchema,
  type KeptDroplets,
  mergeDroplets,
  readDroplets,
  readNonces,
  writeDroplets,
  writeNonces,
} from "./droplet-file.ts";
import { explaining } from "./failure.ts";
import type { Cloud } from "./open.ts";
import type { CloudPlan } from "./plan.ts";

/** Said when this process is ended in the middle. */
const unlockHint =
  "Terraform ends its step by itself and writes its state; should the state stay locked after that: tm unlock --state";

/** Carries out what was planned. @throws TunnelMeshError TM_TERRAFORM_…: what was made is in the state, and the next run goes on */
export async function applyCloud(context: EngineContext, cloud: Cloud, planned: CloudPlan): Promise<void> {
  const { model } = context.loaded;
  await writeNonces(context, { ...(await readNonces(context)), ...planned.nonces });
  context.warnInterrupted?.(unlockHint);
  try {
    await explaining(model, () =>
      apply(
        cloud.run,
        planned.file,
        planned.variables,
        showEvents(model, (name) => context.progress.row(name)),
      ),
    );
  } finally {
    context.warnInterrupted?.(undefined);
  }
}

/** Turns Terraform's events into rows: what is done to which resource, and how long it has been waited for. */
export function showEvents(
  model: Pick<MeshModel, "members">,
  row: (name: string) => ProgressRow,
): (event: TerraformEvent) => void {
  return (event) => {
    if (!("elapsed" in event)) return;
    const one = row(describeResource(model, event.address));
    const seconds = Math.round(event.elapsed);
    const [doing = event.action, done = "done"] = verbs[event.action] ?? [];
    if (event.kind === "start") one.update(doing);
    else if (event.kind === "progress") one.update(`${doing}: waiting for DigitalOcean, ${seconds} s`);
    else if (event.kind === "done") one.done(seconds < 2 ? done : `${done} after ${seconds} s`);
    else one.fail(`not ${done}`);
  };
}

const verbs: Readonly<Record<string, readonly [string, string]>> = {
  create: ["creating", "created"],
  update: ["changing", "changed"],
  delete: ["removing", "removed"],
  read: ["reading", "read"],
};

const outputsSchema = z.record(z.string(), z.object({ value: z.unknown() }));

/** Where droplets are by Terraform's state, kept in .tm from now on. */
export async function readPlaces(context: EngineContext, cloud: Cloud): Promise<KeptDroplets> {
  const outputs = outputsSchema.parse(await readJson(cloud.run, ["output", "-json"]));
  const said = outputs[addressesOutput]?.value ?? {};
  const places = mergeDroplets(await readDroplets(context), z.record(z.string(), dropletAddressesSchema).parse(said));
  await writeDroplets(context, places);
  return places;
}
