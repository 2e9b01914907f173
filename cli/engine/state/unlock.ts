// tm unlock --state: takes Terraform's lock on the state away from a run that is gone.
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { carryOut, type TerraformRun } from "../terraform/run.ts";
import { describeStateLock, readStateLock, type StateLock } from "../terraform/state-lock.ts";
import type { UnlockState, UnlockStateParameters } from "./contract.ts";
import { describePlace } from "./locking.ts";
import { postgresSchema } from "./note.ts";
import { resultOf, withState } from "./open.ts";
import { describePostgresHolder, endPostgresSession, postgresHolders } from "./postgres.ts";

/** A resource that no stack has: asking Terraform to unmark it takes the lock, finds nothing, and lets go. */
const nothing = "terraform_data.tunnelmesh_lock_probe";

/** See the contract. */
export const unlockState: UnlockState = async (parameters) => {
  const { confirm, ...context } = parameters;
  const { state } = context.loaded.model;
  const place = context.sandbox === true ? "the sandbox" : describePlace(state);
  const result = { ...resultOf(context), place };
  const ended = await withState(context, async (run) => {
    // What a stack points to in the sandbox is a file of this machine.
    if (state.kind === "postgres" && run.workspace.lockHolder !== undefined) return unlockPostgres(parameters, place);
    const lock = await heldLock(run);
    if (lock === undefined) return {};
    const holder = describeStateLock(lock);
    if (state.kind === "local" || context.sandbox === true)
      throw new TunnelMeshError("TM_STATE_LOCK_ALIVE", { detail: holder });
    if (confirm !== undefined && !(await confirm({ place, holder }))) throw new TunnelMeshError("TM_DECLINED");
    await carryOut(run, ["force-unlock", "-force", "-no-color", lock.id]);
    return { holder };
  });
  if (ended === undefined) throw new TunnelMeshError("TM_STATE_NOTHING", { detail: context.loaded.model.name });
  return { ...result, ...ended };
};

/** Who holds the lock: found by trying to take it for a moment. @throws TunnelMeshError TM_TERRAFORM_FAILED */
export async function heldLock(run: TerraformRun): Promise<StateLock | undefined> {
  const said: string[] = [];
  const log = (line: string): void => {
    said.push(line);
    run.log(line);
  };
  try {
    await carryOut({ ...run, log }, ["untaint", "-no-color", "-allow-missing", nothing]);
    return undefined;
  } catch (error) {
    if (!isTunnelMeshError(error) || error.code !== "TM_TERRAFORM_LOCKED") throw error;
    const lock = readStateLock(said.join("\n"));
    if (lock === undefined) throw error;
    return lock;
  }
}

async function unlockPostgres({ confirm, loaded }: UnlockStateParameters, place: string) {
  const { state, name } = loaded.model;
  const connection = state.kind === "postgres" ? (process.env[state.env] ?? "") : "";
  const holders = await postgresHolders(connection, postgresSchema(name));
  if (holders.length === 0) return {};
  const holder = holders.map(describePostgresHolder).join("; ");
  if (confirm !== undefined && !(await confirm({ place, holder }))) throw new TunnelMeshError("TM_DECLINED");
  for (const { pid } of holders) await endPostgresSession(connection, pid);
  return { holder };
}
