// Turns a stack into its model: runs its function, validates all of it, sorts what has no order.
import path from "node:path";
import { defaultDomain, defaultRange } from "../../protocol/constants.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../protocol/errors/error.ts";
import type { MeshRecord } from "../mesh.ts";
import type { MeshModel } from "../model.ts";
import { placeInTrace } from "../place.ts";
import { recordOf } from "../record.ts";
import type { Stack, StackRecord } from "../stack.ts";
import { readAdmins } from "./admins.ts";
import { synthesizeMembers, whyNoLabel } from "./members.ts";
import { synthesizeOutputs } from "./outputs.ts";
import { synthesizePolicy } from "./policy.ts";
import { parseMeshRange } from "./range.ts";
import { type Refuse, refuseFor } from "./refuse.ts";
import { dnsLabel, meshPropsSchema, parseProps, resultSchema } from "./schema.ts";
import { synthesizeState } from "./state.ts";

export interface SynthesizeOptions {
  readonly stage: string;
  /** Absolute path of the stack file; paths in the stack are relative to its folder. */
  readonly stackFile: string;
  /** Absolute folder of the project: admin key files must lie in it. */
  readonly repository: string;
  /** Reads a small text file; the only thing that synthesis asks of the outside. */
  readonly readFile: (file: string) => Promise<string>;
}

/** A model, and what the stack adds to its Terraform by hand. */
export interface Synthesis {
  readonly model: MeshModel;
  /** Each takes a TerraformStack. */
  readonly additions: readonly ((stack: unknown) => void)[];
}

/** Gives the model of `stack` for a stage. @throws TunnelMeshError as `synthesizeStack` */
export async function synthesize(stack: Stack, options: SynthesizeOptions): Promise<MeshModel> {
  return (await synthesizeStack(stack, options)).model;
}

/**
 * Runs the stack's function once and gives all that follows from it.
 * @throws TunnelMeshError TM_STACK_…, with the place in the stack file
 */
export async function synthesizeStack(stack: Stack, options: SynthesizeOptions): Promise<Synthesis> {
  const refuse = refuseFor(options.stackFile);
  const record = recordOf<StackRecord>(stack, "stack");
  if (record === undefined) {
    throw refuse("TM_STACK_NO_DEFAULT", { what: "stack" }, "the default export is not what defineStack gives");
  }
  const name = meshName(record.name, options.stage, refuse);
  const result = parseProps(resultSchema, await runBuild(record, options));
  if (!result.ok) throw refuse("TM_STACK_VALUE", { what: "what the stack returns" }, result.why);
  const mesh = recordOf<MeshRecord>(result.value.mesh, "mesh");
  if (mesh === undefined) throw refuse("TM_STACK_VALUE", { what: "what the stack returns" }, "mesh is not a Mesh");
  const where = { what: "mesh", place: mesh.place };
  const props = parseProps(meshPropsSchema, mesh.props);
  if (!props.ok) throw refuse("TM_STACK_VALUE", where, props.why);

  const written = props.value.range ?? defaultRange;
  const local = mesh.members.some(({ host }) => (host as { kind?: unknown } | null)?.kind === "local");
  const range = parseMeshRange(written, mesh.members.length, local);
  if (typeof range === "string") throw refuse("TM_STACK_RANGE", where, `range ${written}: ${range}`);
  const folder = path.dirname(options.stackFile);
  const model: MeshModel = {
    schema: "tm.mesh/v1",
    stack: record.name,
    stage: options.stage,
    name,
    admins: await readAdmins(props.value.admins, { ...options, folder, refuse, place: mesh.place }),
    range: range.text,
    domain: props.value.domain ?? defaultDomain,
    protect: result.value.protect,
    state: synthesizeState(result.value.state, refuse),
    members: synthesizeMembers(mesh, range, refuse),
    policy: synthesizePolicy(mesh, refuse),
    outputs: synthesizeOutputs(result.value.outputs, mesh, refuse),
  };
  return { model, additions: mesh.terraform };
}

function meshName(stack: string, stage: string, refuse: Refuse): string {
  const where = { what: `stack ${JSON.stringify(stack)}` };
  if (typeof stack !== "string" || !dnsLabel.test(stack)) throw refuse("TM_STACK_NAME", where, whyNoLabel(stack));
  if (!dnsLabel.test(stage))
    throw refuse("TM_STACK_STAGE", { what: `stage ${JSON.stringify(stage)}` }, whyNoLabel(stage));
  const name = `${stack}-${stage}`;
  if (name.length > 63) throw refuse("TM_STACK_NAME", where, `with its stage it is ${name}: longer than 63 characters`);
  return name;
}

async function runBuild(record: StackRecord, options: SynthesizeOptions): Promise<unknown> {
  try {
    return await record.build({ stage: options.stage });
  } catch (cause) {
    if (isTunnelMeshError(cause)) throw cause;
    const inProject = (file: string) => file.startsWith(options.repository) && !file.includes("/node_modules/");
    const place = placeInTrace(cause instanceof Error ? (cause.stack ?? "") : "", inProject);
    const at = place
      ? `${path.relative(path.dirname(options.stackFile), place.file)}:${place.line}`
      : options.stackFile;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TunnelMeshError("TM_STACK_FAILED", { detail: `${at}: ${why}`, cause });
  }
}
