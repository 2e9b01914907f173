// A counter that threads share: no number twice, none left out, none behind the end.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import {
  makeSharedCounter,
  type SharedCounter,
  sharedCounterLimit,
  takeCounter,
} from "../../../../agent/dataplane/native/shared-counter.ts";
import { mostThreads } from "../../../../agent/dataplane/native/threads.ts";
import { rejectAfterTime, rekeyAfterMessages } from "../../../../agent/session/limits.ts";

const module = new URL("../../../../agent/dataplane/native/shared-counter.ts", import.meta.url);

/** What each of several threads gets of a counter that all begin to take from at once. */
async function contend(counter: SharedCounter, threads: number, takes: number): Promise<Float64Array[]> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    import { takeCounter } from ${JSON.stringify(module.href)};
    const { counter, gate, takes } = workerData;
    const got = new Float64Array(takes);
    parentPort.postMessage("here");
    Atomics.wait(gate, 0, 0);
    for (let take = 0; take < takes; take += 1) got[take] = takeCounter(counter);
    parentPort.postMessage(got);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const workers = Array.from({ length: threads }, () => new Worker(url, { workerData: { counter, gate, takes } }));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const results = workers.map(async (worker) => ((await once(worker, "message")) as [Float64Array])[0]);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  return await Promise.all(results);
}

it("gives each number to one thread, in order, and leaves none out", async () => {
  const [threads, takes] = [4, 200_000];
  const got = await contend(makeSharedCounter(), threads, takes);
  for (const own of got) {
    for (let take = 1; take < takes; take += 1) if (own[take]! <= own[take - 1]!) throw new Error("out of order");
  }
  const all = new Uint8Array(threads * takes);
  for (const number of got.flatMap((own) => [...own])) all[number]! += 1;
  expect(all.every((times) => times === 1)).toBe(true);
});

it("ends before it would begin anew, however many take the last one at once", async () => {
  const counter = makeSharedCounter();
  counter[0] = sharedCounterLimit - 1_000;
  const got = (await contend(counter, 4, 100_000)).flatMap((own) => [...own]);
  const taken = got.filter((number) => number >= 0);
  expect(new Set(taken).size).toBe(taken.length);
  expect(taken.length).toBeGreaterThanOrEqual(1_000);
  expect(taken.length).toBeLessThanOrEqual(1_000 + 4);
  expect(Math.max(...taken)).toBeLessThan(2 ** 32);
  expect(takeCounter(counter)).toBe(-1);
});

it("has room for all threads behind its limit, and a new session is asked for half way", () => {
  expect(sharedCounterLimit + mostThreads).toBeLessThan(2 ** 32);
  expect(rekeyAfterMessages).toBeLessThanOrEqual(sharedCounterLimit / 2 + 2 ** 15);
  // Packets a second that a session would need to get there before it expires.
  expect(sharedCounterLimit / (rejectAfterTime / 1_000)).toBeGreaterThan(20_000_000);
});
