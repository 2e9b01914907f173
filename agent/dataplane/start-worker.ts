// Starts a thread of the data plane, from a release or from the checkout.
import { Worker } from "node:worker_threads";
import type { PlaneData } from "./native/messages.ts";

/**
 * MiB. The thread makes next to nothing anew, and what it makes is gone at once. It holds 8, and 4 more with all the keys and peers there is
 * room for; V8 does not look for rubbish before half of the limit is taken.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

/** In a release the thread's program is text inside the agent's bundle; in the checkout it is a file. */
export function startWorker(workerData: PlaneData): Worker {
  const source = process.env["TUNNELMESH_DATA_PLANE"];
  const url =
    source === undefined
      ? new URL("./native/worker.ts", import.meta.url)
      : new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const name = workerData.thread === 0 ? "data plane" : `data plane ${workerData.thread}`;
  return new Worker(url, { workerData, name, env: {}, resourceLimits });
}
