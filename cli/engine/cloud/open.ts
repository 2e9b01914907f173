// Opens Terraform for a loaded stack: the program, the sandbox where that is asked for, the workspace, the providers.
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { StateModel } from "../../../constructs/model.ts";
import type { EngineContext, LoadedStack } from "../deploy/contract.ts";
import { type SandboxServer, sandboxPlace } from "../sandbox/place.ts";
import { findLocking, withoutLockFile } from "../state/locking.ts";
import { lockHolderOf, noteLocking } from "../state/note.ts";
import { findTerraform } from "../terraform/binary.ts";
import { initialize, initializeState, type TerraformRun } from "../terraform/run.ts";
import { closeRunFolder } from "../terraform/run-folder.ts";
import { backendArguments, prepareWorkspace } from "../terraform/workspace.ts";

/** Terraform, ready to plan: everything in cli/engine/terraform/run.ts takes `run`. */
export interface Cloud {
  readonly run: TerraformRun;
  /** The sandbox that stands for the service; undefined: the service itself. */
  readonly sandbox: SandboxServer | undefined;
  /** Takes its folder away, with the plan in it. */
  close(): Promise<void>;
}

export interface OpenCloudOptions {
  /** False for what only reads the state, such as outputs: no token is needed then. */
  readonly token?: boolean;
  /** True to destroy: what `protect` forbids Terraform to remove may go, as somebody has typed the stage's name. */
  readonly unprotected?: boolean;
  /** Terraform over the state alone: no provider, no token, no sandbox that would have to run. */
  readonly stateAlone?: boolean;
  /** This process' own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Between two looks of the stand-in at what it waits for: machines of this computer are quicker than the service's. Milliseconds. */
const sandboxDelay = "1000";

/**
 * Finds Terraform, starts the sandbox where `context.sandbox` asks for it, writes a workspace and runs init in it. Each run has a
 * workspace of its own, so that commands beside each other meet at the state's lock alone. What Terraform says goes to the
 * command's log; `context.signal` ends its step. Whoever calls closes it.
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
  const sandbox = inSandbox && !stateAlone ? await openSandbox(context) : undefined;
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
    ...(stateAlone ? { withoutProvider: true } : {}),
    ...(token === undefined ? {} : { token }),
    log: (line) => progress.log(line),
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
  const cloud: Cloud = {
    run,
    sandbox: sandbox?.server,
    async close() {
      const unwritten = await closeRunFolder(workspace.base);
      if (unwritten === undefined) return;
      progress
        .row("terraform")
        .fail(`the state could not be written and is in ${unwritten}: tm state push ${unwritten}`);
    },
  };
  try {
    await (stateAlone ? initializeStateAlone(run) : initialize(run));
  } catch (error) {
    await cloud.close();
    throw error;
  }
  return cloud;
}

/** Does `work` with what `openCloud` gives, and closes it. @throws as openCloud, and what `work` throws */
export async function usingCloud<T>(
  context: EngineContext,
  options: OpenCloudOptions,
  work: (cloud: Cloud | undefined) => Promise<T>,
): Promise<T> {
  const cloud = await openCloud(context, options);
  try {
    return await work(cloud);
  } finally {
    await cloud?.close();
  }
}

async function initializeStateAlone(run: TerraformRun): Promise<void> {
  const empty = path.join(run.workspace.base, "no-plugins");
  await mkdir(empty);
  await initializeState(run, empty);
}

/** Loaded for the sandbox alone: it brings local hosts with it. */
async function openSandbox({ signal, progress }: EngineContext) {
  const { sandboxEnvironment, startSandbox } = await import("../sandbox/sandbox.ts");
  const server = await startSandbox(undefined, signal, (line) => progress.log(line));
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
