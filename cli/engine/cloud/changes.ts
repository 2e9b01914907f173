// What Terraform would do, as plain data: read from `terraform show -json PLAN`, with nothing of its values, which may be secret.
import { z } from "zod";
import type { MeshModel } from "../../../constructs/model.ts";
import { addressesOutput } from "../../../constructs/terraform/members.ts";
import type { PlannedResource } from "../deploy/contract.ts";
import { memberOfResource } from "./describe.ts";
import { type DropletAddresses, dropletAddressesSchema } from "./droplet-file.ts";

const shownPlanSchema = z.object({
  resource_changes: z
    .array(
      z.object({
        address: z.string().max(1024),
        previous_address: z.string().max(1024).optional(),
        mode: z.string(),
        type: z.string(),
        name: z.string(),
        action_reason: z.string().optional(),
        change: z.object({
          actions: z.array(z.string()),
          replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
          importing: z.unknown().optional(),
        }),
      }),
    )
    .default([]),
  prior_state: z
    .object({
      values: z
        .object({ outputs: z.record(z.string(), z.object({ value: z.unknown().optional() })).optional() })
        .optional(),
    })
    .optional(),
});

export interface ShownPlan {
  /** What is created, changed or removed; what stays is not among them. */
  readonly changes: readonly PlannedResource[];
  /** Where droplets were at the last apply, by member name. */
  readonly before: Readonly<Record<string, DropletAddresses>>;
}

/** Reads the document of `terraform show -json PLAN`. */
export function readShownPlan(model: MeshModel, json: unknown): ShownPlan {
  const { resource_changes: all, prior_state: prior } = shownPlanSchema.parse(json);
  const said = prior?.values?.outputs?.[addressesOutput]?.value;
  const before = said === undefined || said === null ? {} : z.record(z.string(), dropletAddressesSchema).parse(said);
  const names = Object.keys(before);
  const changes = all.flatMap((one): readonly PlannedResource[] => {
    const action = actionOf(one.change.actions);
    const moved = one.previous_address !== undefined && one.previous_address !== one.address;
    const imported = one.change.importing !== undefined && one.change.importing !== null;
    if (one.mode !== "managed" || (action === undefined && !moved && !imported)) return [];
    const member = memberOfResource(model, one.type, one.name, names);
    return [
      {
        address: one.address,
        type: one.type,
        action: action ?? (imported ? "import" : "move"),
        ...(member === undefined ? {} : { member }),
        ...(one.action_reason === undefined ? {} : { reason: one.action_reason }),
        forcedBy: (one.change.replace_paths ?? []).map((path) => path.join(".")),
      },
    ];
  });
  return { changes, before };
}

function actionOf(actions: readonly string[]): PlannedResource["action"] | undefined {
  if (actions.includes("create")) return actions.includes("delete") ? "replace" : "create";
  if (actions.includes("delete")) return "delete";
  return actions.includes("update") ? "update" : undefined;
}
