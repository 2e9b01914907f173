// A reviewed plan as a file: written whole, read with a limit, and compared with what a deploy would do now.
import { readFile, stat } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { type Plan, planSchema } from "./plan.ts";

/** Bytes. */
const largest = 64 * 1024 * 1024;
/** Days after which nobody remembers what was agreed to. */
const freshDays = 7;

/** Writes a rendering where `--out` says; what stood there is replaced as a whole. */
export async function writeRendering(file: string, text: string): Promise<void> {
  await writeFileAtomic(file, text.endsWith("\n") ? text : `${text}\n`, { mode: 0o600 });
}

/** @throws TunnelMeshError TM_PLAN_FILE */
export async function readPlanFile(file: string): Promise<Plan> {
  const parsed = planSchema.safeParse(await readJson(file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TunnelMeshError("TM_PLAN_FILE", { detail: `${file}: ${issue?.path.join(".")}: ${issue?.message}` });
}

async function readJson(file: string): Promise<unknown> {
  try {
    const { size } = await stat(file);
    if (size > largest) throw new RangeError(`it has ${size} bytes`);
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new TunnelMeshError("TM_PLAN_FILE", { detail: `${file}: ${said}`, cause: error });
  }
}

/**
 * The digest that a plan file binds a deploy to.
 * @param now Unix milliseconds
 * @throws TunnelMeshError TM_PLAN_STALE
 */
export function digestOfFile(plan: Plan, of: { readonly stack: string; readonly stage: string }, now: number): string {
  if (plan.stack !== of.stack || plan.stage !== of.stage) {
    throw new TunnelMeshError("TM_PLAN_STALE", {
      detail: `it is for ${plan.stack}, stage ${plan.stage}; this is ${of.stack}, stage ${of.stage}`,
    });
  }
  const days = (now - Date.parse(plan.createdAt)) / 86_400_000;
  if (days > freshDays) {
    throw new TunnelMeshError("TM_PLAN_STALE", {
      detail: `it was made at ${plan.createdAt}, more than ${freshDays} days ago`,
    });
  }
  return plan.digest;
}

/** @throws TunnelMeshError TM_PLAN_CHANGED when the plan is not the one of the digest `agreed` */
export function refuseOther({ digest }: Plan, agreed: string): void {
  if (digest === agreed) return;
  throw new TunnelMeshError("TM_PLAN_CHANGED", { detail: `agreed to ${agreed}, now ${digest}` });
}
