// Which data plane is wished: from the command line, else from the environment, else the native one with everything it can use.
import { availableParallelism } from "node:os";
import { offloadNames, parseOffloads } from "./native/offloads.ts";
import { defaultThreads, mostThreads } from "./native/threads.ts";
import type { PlanePreference } from "./open-plane.ts";

/** Names of the environment: a drop-in of the unit sets them without repeating its command. */
export const backendVariable = "TUNNELMESH_DATAPLANE";
export const offloadsVariable = "TUNNELMESH_DATAPLANE_OFFLOADS";
export const threadsVariable = "TUNNELMESH_DATAPLANE_THREADS";

/** @throws RangeError that says what there is to choose from */
export function readPreference(
  flags: {
    readonly backend: string | undefined;
    readonly offloads: string | undefined;
    readonly threads?: string | undefined;
  },
  environment: Readonly<Record<string, string | undefined>>,
  cores: number = availableParallelism(),
): PlanePreference {
  const backend = flags.backend ?? environment[backendVariable] ?? "native";
  if (backend !== "native" && backend !== "portable") throw new RangeError('the data plane is "native" or "portable"');
  const offloads = parseOffloads(flags.offloads ?? environment[offloadsVariable] ?? "all");
  if (offloads === undefined) {
    throw new RangeError(
      `offloads are "all", "none", or names with commas, or each with "-" before it: ${offloadNames.join(" ")}`,
    );
  }
  const wished = flags.threads ?? environment[threadsVariable];
  const threads = wished === undefined ? defaultThreads(cores) : /^[1-9]\d?$/.test(wished) ? Number(wished) : 0;
  if (threads < 1 || threads > mostThreads) throw new RangeError(`threads are 1 to ${mostThreads}`);
  return { backend, offloads, threads };
}
