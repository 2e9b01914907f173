// Turns what the stack says about Terraform's state into its model.
import { z } from "zod";
import type { StateModel } from "../model.ts";
import { recordOf } from "../record.ts";
import type { Refuse } from "./refuse.ts";
import { parseProps } from "./schema.ts";

const text = z.string().min(1).max(255);
const schema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("local") }),
  z.strictObject({
    kind: z.literal("s3"),
    /** Bucket naming rules of S3. */
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "is not the name of a bucket"),
    region: text,
    endpoint: z
      .string()
      .max(512)
      .refine((url) => /^https?:\/\//.test(url) && URL.canParse(url), 'is like "https://s3.example.org"')
      .optional(),
  }),
  z.strictObject({
    kind: z.literal("postgres"),
    env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "is the name of an environment variable"),
  }),
  z.strictObject({ kind: z.literal("hcp"), organization: text, workspace: text }),
]);

/** @throws TunnelMeshError TM_STACK_VALUE */
export function synthesizeState(state: unknown, refuse: Refuse): StateModel {
  if (state === undefined) return { kind: "local" };
  const record = recordOf<object>(state, "state");
  if (record === undefined) {
    throw refuse(
      "TM_STACK_VALUE",
      { what: "what the stack returns" },
      "state is not what state.local() and its like give",
    );
  }
  const parsed = parseProps(schema, record);
  if (!parsed.ok) throw refuse("TM_STACK_VALUE", { what: "state" }, parsed.why);
  const { value } = parsed;
  if (value.kind !== "s3") return value;
  const { endpoint, ...rest } = value;
  return endpoint === undefined ? rest : { ...rest, endpoint };
}
