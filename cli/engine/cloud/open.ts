// Opens Terraform for a loaded stack: the program, the sandbox where that is asked for, the workspace, the providers.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { StateModel } from "../../../constructs/model.ts";
import type { EngineContext, LoadedStack } from "../deploy/contract.ts";
import { type SandboxServer, sandboxPlace } from "../sandbox/place.ts";
import { findLocking, withoutLockFile } from "../state/locking.ts";
import { lockHolderOf, noteLocking } from "../state/note.ts";
import { findTerraform } from "../terraform/binary.ts";
import { initialize, initializeState, type TerraformRun } from "../terraform/run.ts";
import { backendArguments, prepareWorkspace } from "../terraform/workspace.ts";

/** Terraform, ready to plan: everything in cli/engine/terraform/run.ts takes `run`. */
export interface Cloud {
  readonly run: TerraformRun;
  /** The sandbox that stands for the service; undefined: the service itself. */
  readonly sandbox: SandboxServer | undefined;
}

export interface OpenCloudOptions {
  /** False for what only reads the state, such as outputs: no token is needed then. */
  readonly token?: boolean;
  /** True to destroy: what `protect` forbids Terraform to remove may go, as somebody has typed the stage's name. */
  readonly unprotected?: boolean;
  /**
   * Terraform over the state alone, in a folder of its own beside the workspace, which the caller removes: no provider, no token,
   * no sandbox that would have to run.
   */
  readonly stateAlone?: boolean;
  /** This process' own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Between two looks of the stand-in at what it waits for: machines of this computer are quicker than the service's. Milliseconds. */
const sandboxDelay = "1000";

/**
 * Finds Terraform, starts the sandbox where `context.sandbox` asks for it, writes the stage's workspace and runs init in it.
 * What Terraform says goes to the command's log; `context.signal` ends its step.
 * @returns undefined when the stack has nothing for Terraform: then nothing was started
 * @throws TunnelMeshError TM_TERRAFORM_MISSING, TM_TERRAFORM_OLD, TM_TERRAFORM_TOKEN, TM_TERRAFORM_FAILED, TM_SANDBOX_START,
 * TM_STACK_VALUE when the state's connection is not in the environment, TM_STATE_STORE when its bucket is not there
 */
export async function openCloud(context: EngineContext, options: OpenCloudOptions = {}): Promise<Cloud | undefined> {
  const { loaded, progress, signal } = context;
  const { environment = process.env, stateAlone = false } = options;
  const token = stateAlone ? false : options.token;
  if (loaded.terraform === undefined) return undefined;
  const binary = await findTerraform(environment);
  progress.log(`${binary.program} ${binary.version}`);
  const inSandbox = context.sandbox === true;
  const sandbox = inSandbox && !stateAlone ? await openSandbox(signal) : undefined;
  const place = inSandbox ? await sandboxState(loaded, environment) : loaded.model.state;
  const given = options.unprotected === true ? withoutProtection(loaded.terraform) : loaded.terraform;
  const state = place.kind === "file" ? ({ kind: "local" } as const) : place;
  const whole = place.kind === "file" ? withLocalBackend(given) : given;
  const terraform = stateAlone ? backendAlone(whole) : whole;
  const locking = await findLocking({
    model: { ...loaded.model, state },
    binary,
    environment,
    signal,
    folder: path.join(loaded.projectFolder, ".tm/terraform"),
  });
  noteLocking(progress, locking);
  const workspace = await prepareWorkspace({
    projectFolder: loaded.projectFolder,
    stage: loaded.stage,
    state,
    terraform: locking.kind === "locks" ? terraform : withoutLockFile(terraform),
    binary,
    environment,
    ...(inSandbox
      ? {
          sandbox: {
            TM_PROVIDER_POLL_DELAY: environment["TM_PROVIDER_POLL_DELAY"] ?? sandboxDelay,
            ...sandbox?.environment,
          },
        }
      : {}),
    ...(stateAlone ? { apart: `state-${process.pid}-${randomBytes(4).toString("hex")}` } : {}),
    ...(token === undefined ? {} : { token }),
  });
  const run: TerraformRun = {
    binary,
    workspace: {
      ...workspace,
      ...(place.kind === "file" ? { backendArguments: backendArguments(state, place.file) } : {}),
      ...lockHolderOf(state, loaded.model.name, environment),
    },
    signal,
    log: (line) => progress.log(line),
  };
  await (stateAlone ? openStateAlone(run) : initialize(run));
  return { run, sandbox: sandbox?.server };
}

/** Leaves nothing behind where it fails. */
async function openStateAlone(run: TerraformRun): Promise<void> {
  const base = path.dirname(run.workspace.folder);
  try {
    const empty = path.join(base, "no-plugins");
    await mkdir(empty);
    await initializeState(run, empty);
  } catch (error) {
    await rm(base, { recursive: true, force: true });
    throw error;
  }
}

/** Loaded for the sandbox alone: it brings local hosts with it. */
async function openSandbox(signal: AbortSignal) {
  const { sandboxEnvironment, startSandbox } = await import("../sandbox/sandbox.ts");
  const server = await startSandbox(undefined, signal);
  return { server, environment: sandboxEnvironment(server) };
}

/**
 * Where a stack's state is in the sandbox: a local one in the project; one that a team shares lies with the sandbox, as it would
 * lie in the cloud. TM_SANDBOX_STATE=stack takes the stack's own even so.
 */
async function sandboxState(
  { model }: LoadedStack,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<StateModel | { readonly kind: "file"; readonly file: string }> {
  const { state, name } = model;
  if (state.kind === "local" || environment["TM_SANDBOX_STATE"] === "stack") return state;
  const folder = path.join(sandboxPlace().folder, "states");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const id = createHash("sha256")
    .update(JSON.stringify([name, state]))
    .digest("hex")
    .slice(0, 16);
  return { kind: "file", file: path.join(folder, `${name}-${id}.tfstate`) };
}

/** Only where the state is: what reads or carries it needs no resource, and so no provider. */
function backendAlone({ terraform }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { backend, cloud } = terraform as { readonly backend?: unknown; readonly cloud?: unknown };
  return { terraform: { ...(backend === undefined ? {} : { backend }), ...(cloud === undefined ? {} : { cloud }) } };
}

function withLocalBackend(terraform: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const settings = terraform["terraform"] as Readonly<Record<string, unknown>>;
  const { cloud: _, ...others } = settings;
  return { ...terraform, terraform: { ...others, backend: { local: {} } } };
}

/** Takes `prevent_destroy` off hosts and their addresses; a volume that is kept is not removed anyway, and what a project adds is its own. */
function withoutProtection(terraform: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const copy = structuredClone(terraform) as { resource?: Record<string, Record<string, { lifecycle?: object }>> };
  for (const type of ["digitalocean_droplet", "digitalocean_reserved_ip"]) {
    for (const { lifecycle = {} } of Object.values(copy.resource?.[type] ?? {})) {
      Reflect.deleteProperty(lifecycle, "prevent_destroy");
    }
  }
  return copy;
}
