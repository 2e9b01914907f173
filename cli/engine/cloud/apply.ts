// Carries a plan out, with nonces on the disk before a droplet is made with one.
import { z } from "zod";
import { addressesOutput } from "../../../constructs/terraform/members.ts";
import type { EngineContext } from "../deploy/contract.ts";
import { apply, readJson } from "../terraform/run.ts";
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
import { showEvents } from "./show-events.ts";

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

const outputsSchema = z.record(z.string(), z.object({ value: z.unknown() }));

/** Where droplets are by Terraform's state, kept in .tm from now on. */
export async function readPlaces(context: EngineContext, cloud: Cloud): Promise<KeptDroplets> {
  const outputs = outputsSchema.parse(await readJson(cloud.run, ["output", "-json"]));
  const said = outputs[addressesOutput]?.value ?? {};
  const places = mergeDroplets(await readDroplets(context), z.record(z.string(), dropletAddressesSchema).parse(said));
  await writeDroplets(context, places);
  return places;
}
