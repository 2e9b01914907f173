// Whether Terraform's state is locked where it is: said by the kind of place, and for a bucket found out by trying.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import type { MeshModel, StateModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { TerraformBinary } from "../terraform/binary.ts";
import type { BucketModel, ObjectStore, StoreCredentials } from "./object-store.ts";

export type Locking =
  /** `unproven`: nobody could try it. */
  | { readonly kind: "locks"; readonly unproven?: string }
  /** Nothing keeps two runs apart but tm's own lease. */
  | { readonly kind: "none"; readonly why: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** From these releases on Terraform, and OpenTofu with it, locks a state in a bucket. */
const lockFileSince = [1, 10] as const;

/**
 * Finds out whether the state can be locked. A bucket of a store other than Amazon's is tried once, with two writes that must not
 * both succeed; that it locks is remembered in `folder`, that it does not is found anew by each run.
 * @throws TunnelMeshError TM_STATE_STORE when there is no such bucket or no answer
 */
export async function findLocking(options: {
  readonly model: Pick<MeshModel, "state" | "stack" | "stage">;
  readonly binary: TerraformBinary;
  readonly environment: Environment;
  /** Where Terraform of all stages works; absolute. */
  readonly folder: string;
  readonly signal: AbortSignal;
}): Promise<Locking> {
  const { state, stack, stage } = options.model;
  if (state.kind !== "s3") return { kind: "locks" };
  if (!hasLockFile(options.binary)) {
    return {
      kind: "none",
      why: `${options.binary.program} ${options.binary.version} cannot lock a state in a bucket; 1.10 and later can`,
    };
  }
  // Amazon's own store has refused the second write since 2024.
  if (state.endpoint === undefined) return { kind: "locks" };
  const credentials = storeCredentials(options.environment);
  if (credentials === undefined) {
    return { kind: "locks", unproven: "no access key in the environment, so nobody tried whether the bucket locks" };
  }
  const memory = path.join(options.folder, `${stage}.locking.json`);
  const store = createHash("sha256").update(JSON.stringify(state)).digest("hex");
  if ((await remembered(memory)) === store) return { kind: "locks" };
  const { openObjectStore } = await import("./object-store.ts");
  const found = await probeLocking(
    openObjectStore(state, credentials, options.signal),
    `tunnelmesh/${stack}/${stage}.lock-probe-${randomUUID()}`,
    state,
  );
  if (found.kind === "locks" && found.unproven === undefined) {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    await writeFileAtomic(memory, JSON.stringify({ store }), { mode: 0o600 });
  }
  return found;
}

/** Two writes of one new object that both forbid to overwrite: a store that locks answers the second with 412. */
export async function probeLocking(store: ObjectStore, key: string, { bucket }: BucketModel): Promise<Locking> {
  const first = await store.create(key, "first");
  if (first.status === 404 || first.code === "NoSuchBucket") {
    throw new TunnelMeshError("TM_STATE_STORE", { detail: `there is no bucket ${bucket}` });
  }
  if (first.status === 401 || first.status === 403) {
    return { kind: "locks", unproven: `writing to bucket ${bucket} is not allowed (${first.code ?? first.status})` };
  }
  if (first.status < 200 || first.status > 299) {
    return {
      kind: "none",
      why: `bucket ${bucket} takes no conditional writes (${first.code ?? `status ${first.status}`})`,
    };
  }
  try {
    const second = await store.create(key, "second");
    if (second.status === 412) return { kind: "locks" };
    return {
      kind: "none",
      why: `bucket ${bucket} let two runs write one lock (status ${second.status} in place of 412)`,
    };
  } finally {
    await store.remove(key);
  }
}

/** Terraform's JSON without the lock file, for a program or a store that has none: Terraform would fail over it. */
export function withoutLockFile(terraform: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const settings = terraform["terraform"] as { readonly backend?: { readonly s3?: Readonly<Record<string, unknown>> } };
  const s3 = settings.backend?.s3;
  if (s3 === undefined) return terraform;
  const { use_lockfile: _, ...rest } = s3;
  return { ...terraform, terraform: { ...settings, backend: { s3: rest } } };
}

function hasLockFile({ version }: TerraformBinary): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > lockFileSince[0] || (major === lockFileSince[0] && minor >= lockFileSince[1]);
}

/** AWS_… first, as Terraform takes them; else Spaces' own names. */
function storeCredentials(environment: Environment): StoreCredentials | undefined {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    const token = AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {};
    return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, ...token };
  }
  const { SPACES_ACCESS_KEY_ID, SPACES_SECRET_ACCESS_KEY } = environment;
  if (!SPACES_ACCESS_KEY_ID || !SPACES_SECRET_ACCESS_KEY) return undefined;
  return { accessKeyId: SPACES_ACCESS_KEY_ID, secretAccessKey: SPACES_SECRET_ACCESS_KEY };
}

const memorySchema = z.object({ store: z.string().length(64) });

async function remembered(file: string): Promise<string | undefined> {
  try {
    return memorySchema.safeParse(JSON.parse(await readFile(file, "utf8"))).data?.store;
  } catch (error) {
    // Not there, or not whole: then it is found out again.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The place in words: "the PostgreSQL database of OFFICE_STATE". */
export function describePlace(state: StateModel): string {
  switch (state.kind) {
    case "local":
      return "this checkout";
    case "postgres":
      return `the PostgreSQL database that ${state.env} names`;
    case "s3":
      return `bucket ${state.bucket}${state.endpoint === undefined ? "" : ` at ${state.endpoint}`}`;
    case "hcp":
      return `HCP Terraform, ${state.organization}/${state.workspace}`;
    default:
      return state satisfies never;
  }
}
