// Removes a stack's cloud resources, all but volumes that are to be kept.
import { z } from "zod";
import { dropletsOf, resourceId } from "../../../constructs/terraform/members.ts";
import type { EngineContext } from "../deploy/contract.ts";
import { destroy, readJson } from "../terraform/run.ts";
import { forgetDroplets } from "./droplet-file.ts";
import { explaining } from "./failure.ts";
import type { Cloud } from "./open.ts";
import { defaultLockTimeout } from "./plan.ts";
import { showEvents } from "./show-events.ts";

const stateSchema = z.object({
  values: z
    .object({
      root_module: z.object({
        resources: z.array(z.object({ address: z.string().max(1024), mode: z.string() })).default([]),
      }),
    })
    .optional(),
});

/**
 * Removes what the state has. Volumes that the stack keeps stay, in the state too, so that the next deploy goes on with them.
 * @returns members whose volumes were kept
 * @throws TunnelMeshError TM_TERRAFORM_…
 */
export async function destroyCloud(
  context: EngineContext,
  cloud: Cloud,
  { lockTimeout = defaultLockTimeout }: { readonly lockTimeout?: string | undefined } = {},
): Promise<readonly string[]> {
  const { model } = context.loaded;
  const { values } = stateSchema.parse(await readJson(cloud.run, ["show", "-json"]));
  const standing = (values?.root_module.resources ?? []).filter(({ mode }) => mode === "managed");
  const kept = dropletsOf(model).filter(
    ({ name, host }) =>
      host.volume?.keep === true &&
      standing.some(({ address }) => address === `digitalocean_volume.${resourceId(name)}`),
  );
  // With the tag that they bear Terraform would remove the volumes too.
  const stays = new Set(
    kept.length === 0
      ? []
      : ["digitalocean_tag.mesh", ...kept.map(({ name }) => `digitalocean_volume.${resourceId(name)}`)],
  );
  const going = standing.filter(({ address }) => !stays.has(address));
  if (going.length > 0) {
    const targets = stays.size === 0 ? [] : going.map(({ address }) => `-target=${address}`);
    context.progress.phase("Removing cloud resources");
    context.warnInterrupted?.(
      "Terraform ends its step by itself; should the state stay locked after that: tm unlock --state",
    );
    try {
      await explaining(model, () =>
        destroy(
          cloud.run,
          showEvents(model, (name) => context.progress.row(name)),
          [`-lock-timeout=${lockTimeout}`, ...targets],
        ),
      );
    } finally {
      context.warnInterrupted?.(undefined);
    }
  }
  await forgetDroplets(context);
  return kept.map(({ name }) => name);
}
