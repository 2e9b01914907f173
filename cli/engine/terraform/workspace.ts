// Where Terraform works for one stage: its JSON, its data, its state, and what it is told through the environment.
import { chmod, mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import writeFileAtomic from "write-file-atomic";
import type { StateModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { readIfThere } from "../trust/durable-file.ts";
import type { TerraformBinary } from "./binary.ts";
import { makeProviderMirror, mirrorConfiguration } from "./mirror.ts";
import { openRunFolder } from "./run-folder.ts";

export interface Workspace {
  /** Of this run alone, and gone after it (`closeRunFolder`): all that Terraform writes but a local state is in it. */
  readonly base: string;
  /** Holds cdk.tf.json; Terraform works there. */
  readonly folder: string;
  /** Provider lock of the project, committed; copied in before init and back after it. Undefined: this run's providers are no news. */
  readonly lockFile?: string;
  /** What is done about providers that the lock does not hold as they are: CI changes no file of the project. */
  readonly lockMode: "keep" | "read-only";
  /** Arguments of `terraform providers lock` that add the other platforms of a team; undefined where the lock has been made already. */
  readonly lockPlatforms?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where packages of providers are kept between runs; one init at a time writes there. Undefined: nowhere. */
  readonly packages?: string;
  /** Arguments of init that say where the state is. */
  readonly backendArguments: readonly string[];
  /** Says in words who holds a lock of which Terraform's own message names nobody; undefined where it does name the holder. */
  readonly lockHolder?: () => Promise<string | undefined>;
}

export interface WorkspaceOptions {
  readonly projectFolder: string;
  readonly stage: string;
  readonly state: StateModel;
  readonly terraform: Readonly<Record<string, unknown>>;
  readonly binary: TerraformBinary;
  /** Environment of this program; credentials in it reach Terraform as they are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Set where the sandbox stands for the service. */
  readonly sandbox?: Readonly<Record<string, string>>;
  /** For what only reads or carries the state. */
  readonly withoutProvider?: boolean;
  /** False where the service is asked nothing, as for outputs: then no token is needed. */
  readonly token?: boolean;
  readonly log: (line: string) => void;
}

/**
 * Writes a workspace of this run's own under .tm/terraform. TM_DO_PROVIDER_DIR names a filesystem mirror that holds the provider; in the
 * sandbox without one, a mirror with the stand-in is made.
 * @throws TunnelMeshError TM_TERRAFORM_TOKEN when there is no token, TM_STACK_VALUE when the state's connection is not in the environment
 */
export async function prepareWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { projectFolder, stage, state, binary, environment, sandbox } = options;
  const hasToken = Boolean(environment["DIGITALOCEAN_TOKEN"] || environment["DIGITALOCEAN_ACCESS_TOKEN"]);
  if (sandbox === undefined && options.token !== false && !hasToken) {
    throw new TunnelMeshError("TM_TERRAFORM_TOKEN", { detail: "DIGITALOCEAN_TOKEN is not set" });
  }
  const ofState = stateEnvironment(state, environment);
  // A state of the sandbox never meets the service, nor the other way round: each would find all its resources gone.
  const home = path.join(projectFolder, ".tm/terraform", sandbox === undefined ? stage : `${stage}.sandbox`);
  const base = await openRunFolder(home, options.log);
  await chmod(home, 0o700);
  const folder = path.join(base, "stack");
  await mkdir(folder, { mode: 0o700 });
  await writeFileAtomic(path.join(folder, "cdk.tf.json"), `${JSON.stringify(options.terraform, undefined, 2)}\n`, {
    mode: 0o600,
  });
  const given = environment["TM_DO_PROVIDER_DIR"];
  const mirror = options.withoutProvider === true ? undefined : providerMirror(options, base);
  const configuration = path.join(base, "terraform.rc");
  if (mirror !== undefined) {
    if (given === undefined) await makeProviderMirror(mirror, binary.platform);
    await writeFileAtomic(configuration, mirrorConfiguration(mirror), { mode: 0o600 });
  }
  const lockFile =
    sandbox === undefined && options.withoutProvider !== true
      ? path.join(projectFolder, "mesh/terraform.lock.hcl")
      : undefined;
  const locked = lockFile !== undefined && (await copyIfThere(lockFile, path.join(folder, ".terraform.lock.hcl")));
  // What is fetched over the network is fetched once; a user's own cache is left to them.
  const fetches = mirror === undefined && options.withoutProvider !== true && !environment["TF_PLUGIN_CACHE_DIR"];
  const packages = path.join(projectFolder, ".tm/terraform/packages");
  if (fetches) await mkdir(packages, { recursive: true, mode: 0o700 });
  return {
    base,
    folder,
    ...(lockFile === undefined ? {} : { lockFile }),
    lockMode: locked && environment["CI"] ? "read-only" : "keep",
    ...(locked || lockFile === undefined ? {} : { lockPlatforms: lockArguments(given) }),
    ...(fetches ? { packages } : {}),
    backendArguments: backendArguments(state, path.join(home, "terraform.tfstate")),
    environment: {
      TF_IN_AUTOMATION: "1",
      TF_INPUT: "0",
      CHECKPOINT_DISABLE: "1",
      TF_DATA_DIR: path.join(base, "data"),
      ...(fetches ? { TF_PLUGIN_CACHE_DIR: packages } : {}),
      ...(mirror === undefined ? {} : { TF_CLI_CONFIG_FILE: configuration }),
      ...(mirror !== undefined && given === undefined ? standIn() : {}),
      ...ofState,
      ...sandbox,
    },
  };
}

function providerMirror({ environment, sandbox }: WorkspaceOptions, base: string): string | undefined {
  return environment["TM_DO_PROVIDER_DIR"] ?? (sandbox === undefined ? undefined : path.join(base, "mirror"));
}

/** Arguments of init for a state of this kind. @param file where a local one is; absolute */
export function backendArguments({ kind }: StateModel, file: string): readonly string[] {
  if (kind === "hcp") return [];
  return kind === "local" ? ["-reconfigure", `-backend-config=path=${file}`] : ["-reconfigure"];
}

/** Platforms of admins' machines and of runners. */
const platforms = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"];

function lockArguments(mirror: string | undefined): readonly string[] {
  return [
    ...platforms.map((platform) => `-platform=${platform}`),
    ...(mirror === undefined ? [] : [`-fs-mirror=${mirror}`]),
  ];
}

/** Copies what init wrote about providers back to the project, unless nothing of it may change. */
export async function keepProviderLock({ folder, lockFile, lockMode }: Workspace): Promise<void> {
  if (lockFile === undefined || lockMode === "read-only") return;
  await mkdir(path.dirname(lockFile), { recursive: true });
  await copyIfThere(path.join(folder, ".terraform.lock.hcl"), lockFile);
}

/** Terraform talks to the stand-in in clear text over a socket of this user's alone. */
function standIn(): Readonly<Record<string, string>> {
  const extension = path.extname(fileURLToPath(import.meta.url));
  const place = extension === ".ts" ? "../../../provider/main.ts" : `./provider-plugin${extension}`;
  const program = new URL(place, import.meta.url);
  return {
    TF_DISABLE_PLUGIN_TLS: "1",
    TM_PROVIDER_NODE: process.execPath,
    TM_PROVIDER_PROGRAM: fileURLToPath(program),
  };
}

/** What a place needs in the environment, to be found and to know who comes. @throws TunnelMeshError TM_STACK_VALUE */
export function stateEnvironment(
  state: StateModel,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  if (state.kind === "postgres") {
    const connection = environment[state.env];
    if (connection === undefined || connection === "") {
      throw new TunnelMeshError("TM_STACK_VALUE", {
        detail: `state.postgres({ env: ${JSON.stringify(state.env)} }): this environment variable is not set`,
        advice: [`Set ${state.env} to a connection string, "postgres://user:password@host/database".`],
      });
    }
    return { PG_CONN_STR: connection, PGAPPNAME: `tm ${os.userInfo().username}@${os.hostname()}`.slice(0, 63) };
  }
  if (state.kind === "s3" && state.endpoint !== undefined) {
    const { SPACES_ACCESS_KEY_ID: id, SPACES_SECRET_ACCESS_KEY: secret } = environment;
    if (id !== undefined && secret !== undefined && environment["AWS_ACCESS_KEY_ID"] === undefined) {
      return { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
    }
  }
  return {};
}

/** False where there is nothing to copy. Whoever reads `to` meanwhile sees it whole. */
async function copyIfThere(from: string, to: string): Promise<boolean> {
  const text = await readIfThere(from);
  if (text === undefined) return false;
  await writeFileAtomic(to, text);
  return true;
}
