// What is read of `terraform show -json PLAN`: resource changes, drift, outputs and marks; nothing else of it goes any further.
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

const text = z.string().max(4096);
const change = z.object({
  actions: z.array(z.enum(["no-op", "create", "read", "update", "delete", "forget"])).max(2),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  after_unknown: z.unknown().optional(),
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
  importing: z.unknown().optional(),
});
const resource = z.object({
  address: text,
  previous_address: text.optional(),
  mode: z.enum(["managed", "data"]),
  type: text,
  name: text,
  deposed: text.optional(),
  action_reason: text.optional(),
  change,
});
const schema = z.object({
  format_version: z.string().regex(/^1\./),
  terraform_version: text,
  variables: z.record(z.string(), z.object({ value: z.unknown().optional() })).optional(),
  resource_changes: z.array(resource).max(100_000).default([]),
  resource_drift: z.array(resource).max(100_000).default([]),
  output_changes: z.record(z.string(), change).default({}),
  checks: z.array(z.object({ address: z.object({ to_display: text }), status: z.string().max(32) })).default([]),
  configuration: z
    .object({
      provider_config: z
        .record(z.string(), z.object({ full_name: text.optional(), version_constraint: text.optional() }))
        .default({}),
      root_module: z
        .object({ variables: z.record(z.string(), z.object({ sensitive: z.boolean().optional() })).default({}) })
        .default({ variables: {} }),
    })
    .default({ provider_config: {}, root_module: { variables: {} } }),
  errored: z.boolean().default(false),
});

export type ShownPlan = z.infer<typeof schema>;
export type ShownResource = ShownPlan["resource_changes"][number];
export type ShownChange = ShownResource["change"];

/**
 * Reads the JSON of a plan; it holds secrets in clear, so nobody keeps it.
 * @throws TunnelMeshError TM_TERRAFORM_FAILED when it has a form that is not known
 */
export function readShownPlan(json: unknown): ShownPlan {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.slice(0, 3).map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new TunnelMeshError("TM_TERRAFORM_FAILED", {
    detail: `its plan has a form that this release does not know: ${where.join("; ")}`,
  });
}
