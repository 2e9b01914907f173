// tm drift and tm refresh: what changed at the service since the last deploy, and writing it into the state.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Cloud } from "../cloud/open.ts";
import type { EngineContext } from "../deploy/contract.ts";
import { apply, type PlannedFile, plan, readJson } from "../terraform/run.ts";
import type { DriftResult, FindDrift, RefreshState } from "./contract.ts";
import { readDrift } from "./drift-reading.ts";
import { describePlace } from "./locking.ts";
import { resultOf, withCloud } from "./open.ts";
import { readStored } from "./stored.ts";

/** See the contract. */
export const findDrift: FindDrift = (context) =>
  withCloud(context, (cloud) => readingDrift(context, cloud, async (drift) => drift));

/** See the contract. */
export const refreshState: RefreshState = ({ confirm, ...context }) =>
  withCloud(context, (cloud) =>
    readingDrift(context, cloud, async (drift, { file, changes }) => {
      // What nobody would call drift, such as how many droplets a tag has, is written too, without a question.
      if (!changes) return { ...drift, written: false };
      if (drift.drift.length > 0 && confirm !== undefined && !(await confirm(drift)))
        throw new TunnelMeshError("TM_DECLINED");
      context.progress.phase("Writing the state");
      await apply(cloud.run, file, {}, () => undefined);
      return { ...drift, written: true };
    }),
  );

async function readingDrift<T>(
  context: EngineContext,
  { run }: Cloud,
  work: (drift: DriftResult, planned: PlannedFile) => Promise<T>,
): Promise<T> {
  const { model } = context.loaded;
  // An empty state would be written where none was, and hide that the real one is missing.
  if ((await readStored(run)) === undefined) {
    throw new TunnelMeshError("TM_STATE_EMPTY", { detail: describePlace(model.state) });
  }
  context.progress.phase("Comparing the state with the service");
  const planned = await plan(run, { variables: {}, arguments: ["-refresh-only"] }, () => undefined);
  const shown = await readJson(run, ["show", "-json", planned.file]);
  return work({ ...resultOf(context), drift: readDrift(model, shown) }, planned);
}
