// npm run bench:churn [-- --seconds S --warm-up S --every S]: what an hour of peers that come, roam, rekey, fall silent and go leaves behind.
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Member, makeIdentity, peerConfig } from "../agent/tunnel/member.ts";
import { TestNetwork } from "../agent/tunnel/network.ts";
import type { ChurnOrder, ChurnReport } from "./churn/contract.ts";
import { growthOf, lowestOf, type Sample } from "./growth.ts";
import { endOnInterrupt } from "./interrupt.ts";
import { type Process, processorSeconds, residentMiB, startProcess } from "./tunnel/process.ts";
import { unitEnvironment, unitFlags } from "./unit-flags.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "3600" },
    // By then the heap of each thread has come to its level.
    "warm-up": { type: "string", default: "900" },
    every: { type: "string", default: "10" },
  },
});
const [duration, warmUp, every] = [values.seconds, values["warm-up"], values.every].map(Number) as [
  number,
  number,
  number,
];

/** Of what is collected now and then, the lowest of so many samples counts. */
const together = 6;
if (!(every > 0 && duration >= 2 * together * every))
  throw new RangeError("--seconds must be at least twelve times --every");
/** A request is lost where its peer vanishes with it, and the answer to the first one after a peer roamed goes where it was before. */
const leastAnswered = 0.6;
/** A line through less than this says nothing of an hour. */
const enoughToJudge = 1_800;
/** Per hour, in which some 8 000 peers come and go; 128 bytes left by each would be 1 MiB. */
const limits: Readonly<Record<string, number>> = {
  // Beside the next line, pages of the program that it comes to for the first time.
  "resident MiB": 6,
  "anonymous MiB": 3,
  "heap MiB": 1,
  "array buffers MiB": 0.5,
  descriptors: 1,
  peers: 2,
  keys: 8,
  initiations: 4,
};
const network = new TestNetwork("ch");
const addresses = Array.from({ length: 30 }, (_, index) => `198.18.150.${10 + index}`);
const psk = randomBytes(32).toString("hex");
const hub = new Member(network, makeIdentity("hub", 1), { backend: "native" }, unitFlags);
Object.assign(process.env, unitEnvironment);
let peers: Process | undefined;
let done: ChurnReport["done"] | undefined;

function startPeers(): Process {
  const program = fileURLToPath(new URL("churn/peers.ts", import.meta.url));
  const started = startProcess(network, "peers", [process.execPath, "--conditions=tunnelmesh-source", program]);
  started.child.stderr?.pipe(process.stderr);
  createInterface({ input: started.child.stdout! }).on("line", (line) => {
    const report = JSON.parse(line) as ChurnReport;
    done = report.done;
    if (report.peers !== undefined) void hub.ask("set", { method: "setPeers", peers: report.peers });
  });
  const config = peerConfig(hub.identity, psk, ["198.18.150.1"]);
  const order: ChurnOrder = { hub: config, psk, addresses, passing: 30, staying: 15, sleeping: 15 };
  started.child.stdin?.write(`${JSON.stringify(order)}\n`);
  return started;
}

async function takeSample(pid: number): Promise<Record<string, number>> {
  const usage = await hub.ask<NodeJS.MemoryUsage>("usage", { method: "usage" });
  const counters = await hub.counters();
  // Lines that nobody reads would be the growth of this process.
  hub.log.length = 0;
  return {
    "resident MiB": residentMiB(pid),
    "anonymous MiB": residentMiB(pid, "RssAnon"),
    "heap MiB": usage.heapUsed / 2 ** 20,
    "array buffers MiB": usage.arrayBuffers / 2 ** 20,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    peers: counters["held_peers"] ?? Number.NaN,
    keys: counters["held_keys"] ?? Number.NaN,
    initiations: counters["held_initiations"] ?? Number.NaN,
  };
}

/** Prints a row for each figure, and gives those that grow faster than they may. */
function judge(samples: ReadonlyMap<string, readonly Sample[]>): string[] {
  const grown: string[] = [];
  for (const [name, all] of samples) {
    const settled = all.filter(({ at }) => at * 3_600 >= warmUp);
    const growth = growthOf(name.endsWith("MiB") ? lowestOf(settled, together) : settled);
    const [first, last] = [settled[0], settled.at(-1)].map((one) => one?.value.toFixed(1));
    const limit = limits[name] ?? 0;
    process.stdout.write(`${name}: ${first} to ${last}, ${growth.toFixed(2)} an hour (at most ${limit})\n`);
    if (growth > limit) grown.push(name);
  }
  return grown;
}

async function run(): Promise<boolean> {
  network.member("hub", ["198.18.150.1/24"]);
  network.member(
    "peers",
    addresses.map((address) => `${address}/24`),
  );
  await hub.start([]);
  const { pid } = hub;
  if (pid === undefined) throw new Error("the hub has no process");
  peers = startPeers();
  const samples = new Map<string, Sample[]>();
  const start = performance.now();
  const spend = (): number[] => [pid, peers?.pid ?? pid].map((one) => processorSeconds([one]));
  let settled = { at: start, spent: spend() };
  for (let next = every; next <= duration + warmUp; next += every) {
    await sleep(start + next * 1_000 - performance.now());
    if (peers.child.exitCode !== null) throw new Error("the peers ended");
    const at = (performance.now() - start) / 3_600_000;
    for (const [name, value] of Object.entries(await takeSample(pid))) {
      samples.set(name, [...(samples.get(name) ?? []), { at, value }]);
    }
    if (next <= warmUp) settled = { at: performance.now(), spent: spend() };
    if (next % 300 < every) {
      const latest = [...samples].map(([name, all]) => `${name} ${all.at(-1)?.value.toFixed(1)}`);
      process.stdout.write(`${next} s: ${latest.join(", ")}; ${JSON.stringify(done)}\n`);
    }
  }
  const seconds = (performance.now() - settled.at) / 1_000;
  const shares = spend().map((now, index) => (100 * (now - (settled.spent[index] ?? now))) / seconds);
  process.stdout.write(`${JSON.stringify(done)}\n${JSON.stringify(await hub.counters())}\n`);
  process.stdout.write(`of a core: hub ${shares[0]?.toFixed(1)} %, peers ${shares[1]?.toFixed(1)} %\n`);
  const answered = (done?.answers ?? 0) / (done?.requests ?? Number.NaN);
  process.stdout.write(`${(100 * answered).toFixed(1)} % of the requests were answered\n`);
  const grown = judge(samples);
  if (duration < enoughToJudge) return true;
  if (grown.length > 0) process.stdout.write(`grows: ${grown.join(", ")}\n`);
  return grown.length === 0 && answered > leastAnswered;
}

async function end(): Promise<void> {
  await peers?.stop();
  await hub.remove();
  network.kill();
  network.remove();
}

endOnInterrupt(end);
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await end();
}
process.exit();
