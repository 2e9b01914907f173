// ./tm @test/bench/memory.ts [--peers N] [--threads N] [--seconds S] [--flags F] [--root CHECKOUT]: the agent as a release, in a namespace, with N peers and no traffic.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { bundlePrograms } from "../../cli/engine/release/bundle.ts";
import { applyItems } from "../../protocol/trust/view.ts";
import { installHost, makeHost } from "../agent/main/host.ts";
import { genesisItem, grantItem, keysItem, openedView, party } from "../protocol/trust/mesh.ts";
import { endOnInterrupt } from "./interrupt.ts";
import { processorSeconds } from "./tunnel/process.ts";
import { unitEnvironment, unitFlags } from "./unit-flags.ts";

const { values } = parseArgs({
  options: {
    peers: { type: "string", default: "100" },
    threads: { type: "string" },
    seconds: { type: "string", default: "10" },
    flags: { type: "string" },
    root: { type: "string", default: path.resolve(import.meta.dirname, "../..") },
  },
});

const flags = values.flags === undefined ? unitFlags : values.flags.split(" ").filter((flag) => flag !== "");

const space = `tmm${process.pid}`;
const host = makeHost("memory");
const mesh = "demo-dev";

function install(): string {
  const genesis = genesisItem();
  let view = openedView(genesis);
  const items = [genesis];
  for (const [index, who] of [
    host.party,
    ...Array.from({ length: Number(values.peers) }, (_, at) => party(`n${at}`)),
  ].entries()) {
    const ip4 = `100.64.${1 + (index >>> 8)}.${index & 255}` as never;
    const own = [grantItem(view, who, { ip4, groups: ["all"] as never }), keysItem(view, who)];
    const applied = applyItems(view, own, Date.now() / 1000);
    view = applied.view;
    items.push(...own);
  }
  installHost(host, mesh, view.meshId, items, "ab".repeat(32));
  return view.meshId;
}

/** MiB by the kernel's names. */
function readMemory(pid: number): Readonly<Record<string, number>> {
  const text = readFileSync(`/proc/${pid}/status`, "utf8") + readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const names = ["VmRSS", "VmHWM", "RssAnon", "RssFile", "RssShmem", "Pss"];
  return Object.fromEntries(
    names.map((name) => [name, Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024]),
  );
}

execFileSync("ip", ["netns", "add", space]);
let pid: number | undefined;
async function end(): Promise<void> {
  if (pid !== undefined) process.kill(pid, "SIGTERM");
  await sleep(2_000);
  execFileSync("ip", ["netns", "del", space]);
  host.remove();
}

endOnInterrupt(end);
try {
  execFileSync("ip", ["-n", space, "link", "set", "lo", "up"]);
  install();
  const release = path.join(host.root, "release");
  mkdirSync(release);
  writeFileSync(path.join(release, "agent.mjs"), (await bundlePrograms(values.root, "bench")).agent);
  const require = createRequire(import.meta.url);
  copyFileSync(
    require.resolve(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`),
    path.join(release, "koffi.node"),
  );
  const program = [
    process.execPath,
    ...flags,
    path.join(release, "agent.mjs"),
    "run",
    "--mesh",
    mesh,
    "--root",
    host.root,
    ...(values.threads === undefined ? [] : [`--dataplane-threads=${values.threads}`]),
  ];
  const child = spawn("ip", ["netns", "exec", space, ...program], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], ...unitEnvironment },
  });
  pid = child.pid;
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await sleep(5_000);
  if (pid === undefined || child.exitCode !== null) throw new Error(`the agent ended:\n${output}`);
  if (process.env["TUNNELMESH_BENCH_LOG"] !== undefined) process.stderr.write(output);
  const before = processorSeconds([pid]);
  await sleep(Number(values.seconds) * 1_000);
  const processor = (100 * (processorSeconds([pid]) - before)) / Number(values.seconds);
  const memory = Object.entries(readMemory(pid)).map(([name, value]) => `${name} ${value.toFixed(1)}`);
  process.stdout.write(
    `${values.peers} peers, ${values.threads ?? "default"} threads, ${flags.join(" ")}: ${memory.join(", ")} MiB; ${processor.toFixed(2)} % of a core\n`,
  );
} finally {
  await end();
}
