// What is in a Terraform state: which resources, with which ids, and its outputs.
import { z } from "zod";
import { readJson, type TerraformRun } from "../terraform/run.ts";

const storedSchema = z.object({
  version: z.literal(4),
  serial: z.int(),
  lineage: z.string().max(256),
  outputs: z.record(z.string(), z.object({ value: z.unknown(), sensitive: z.boolean().default(false) })).default({}),
  resources: z
    .array(
      z.object({
        mode: z.enum(["managed", "data"]),
        type: z.string(),
        name: z.string(),
        instances: z.array(
          z.object({
            index_key: z.union([z.string(), z.number()]).optional(),
            attributes: z.record(z.string(), z.unknown()).nullish(),
          }),
        ),
      }),
    )
    .default([]),
});
export type Stored = z.infer<typeof storedSchema>;

/** The state; undefined where none was ever written. @throws TunnelMeshError TM_TERRAFORM_FAILED */
export async function readStored(run: TerraformRun): Promise<Stored | undefined> {
  const json = await readJson(run, ["state", "pull"]);
  return json === undefined ? undefined : parseStored(json);
}

/** @throws ZodError when it is no state of the version that Terraform has written since 0.12 */
export function parseStored(json: unknown): Stored {
  return storedSchema.parse(json);
}

/** Address of each managed resource, "TYPE.NAME" or "TYPE.NAME[0]", with its id at the service. */
export function storedAddresses(stored: Stored | undefined): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>();
  for (const { mode, type, name, instances } of stored?.resources ?? []) {
    if (mode !== "managed") continue;
    for (const { index_key: index, attributes } of instances) {
      const key = index === undefined ? "" : `[${JSON.stringify(index)}]`;
      addresses.set(`${type}.${name}${key}`, String(attributes?.["id"] ?? ""));
    }
  }
  return addresses;
}
