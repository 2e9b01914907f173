// tm state pull and tm state push: carries a state from one place to another, or keeps a copy of it.
import { readFile } from "node:fs/promises";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { EngineContext } from "../deploy/contract.ts";
import { carryOut, readText, type TerraformRun } from "../terraform/run.ts";
import type { PullState, PushState } from "./contract.ts";
import { describePlace } from "./locking.ts";
import { resultOf, withState } from "./open.ts";
import { parseStored, type Stored, storedAddresses } from "./stored.ts";

/** Larger than any state that Terraform works with in comfort. */
const sizeLimit = 256 * 1024 * 1024;

/** See the contract. */
export const pullState: PullState = (context) =>
  overState(context, async (run) => {
    const text = await readText(run, ["state", "pull"]);
    if (text.trim() === "")
      throw new TunnelMeshError("TM_STATE_EMPTY", { detail: describePlace(context.loaded.model.state) });
    return { ...summary(context, parseStored(JSON.parse(text))), text };
  });

/** See the contract. */
export const pushState: PushState = ({ file, ...context }) =>
  overState(context, async (run) => {
    const stored = await readStateFile(file);
    try {
      await carryOut(run, ["state", "push", "-no-color", file]);
    } catch (error) {
      // A state of another lineage or an older serial: Terraform's own words say which.
      const unfit = isTunnelMeshError(error) && /lineage|serial/i.test(error.detail ?? "");
      if (!unfit) throw error;
      throw new TunnelMeshError("TM_STATE_FILE", { detail: `${file}: ${error.detail}`, cause: error });
    }
    return summary(context, stored);
  });

async function overState<T>(context: EngineContext, work: (run: TerraformRun) => Promise<T>): Promise<T> {
  const result = await withState(context, async (run) => ({ value: await work(run) }));
  if (result === undefined) throw new TunnelMeshError("TM_STATE_NOTHING", { detail: context.loaded.model.name });
  return result.value;
}

function summary(context: EngineContext, stored: Stored) {
  return {
    ...resultOf(context),
    place: describePlace(context.loaded.model.state),
    serial: stored.serial,
    resources: storedAddresses(stored).size,
  };
}

async function readStateFile(file: string): Promise<Stored> {
  const refuse = (detail: string, cause?: unknown) => new TunnelMeshError("TM_STATE_FILE", { detail, cause });
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw refuse(`${file} cannot be read`, error);
  });
  if (text.length > sizeLimit) throw refuse(`${file} is too large`);
  try {
    return parseStored(JSON.parse(text));
  } catch (error) {
    throw refuse(`${file} is not what tm state pull writes`, error);
  }
}
