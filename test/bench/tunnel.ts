// npm run bench:tunnel [-- --quick] [--json] [--save] [--runs N] [--seconds S] [--only NAMES] [--rows NAMES] [--busy N] [--rebuild]: the tunnel beside its peers, in one go.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { defaultThreads } from "../../agent/dataplane/native/threads.ts";
import { root } from "../e2e/project.ts";
import { installPackages } from "../packages.ts";
import { configuredPeers, type Entrant } from "./tunnel/contender.ts";
import { nebulaEntrant } from "./tunnel/nebula.ts";
import { ownEntrant } from "./tunnel/own.ts";
import { obtainProgram } from "./tunnel/programs.ts";
import { makeResult, own, reference } from "./tunnel/result.ts";
import { pairRows, type RowName } from "./tunnel/rows.ts";
import { runAll } from "./tunnel/run.ts";
import { saveResult } from "./tunnel/save.ts";
import { renderTable } from "./tunnel/table.ts";
import { wireguardEntrant } from "./tunnel/wireguard.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    rebuild: { type: "boolean", default: false },
    runs: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string", default: `${reference},${own},relay,nebula,boringtun` },
    rows: { type: "string", default: [...pairRows, "ten"].join(",") },
    // Programs beside them that take all the processor time they get.
    busy: { type: "string" },
  },
});
const runs = readCount(values.runs ?? (values.quick ? "2" : "7"));
const seconds = readCount(values.seconds ?? (values.quick ? "1" : "4"));
const rows = values.rows.split(",").map(readRow);
const report = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

await installPackages(true);
const entrants = values.only.split(",").flatMap(findEntrant);
if (entrants.length === 0) throw new RangeError("nothing to measure");
const load = Number((loadavg()[0] ?? 0).toFixed(1));
const busy = values.busy === undefined ? 0 : readCount(values.busy);
if (values.save && busy > 0)
  throw new RangeError("--save keeps figures of a machine that does nothing else: leave --busy out");
const competitors = Array.from({ length: busy }, () => spawn(process.execPath, ["--eval", "for (;;);"]));
process.once("exit", () => {
  for (const competitor of competitors) competitor.kill("SIGKILL");
});
const { samples, failures } = await runAll({ entrants, rows, runs, seconds, report });
const result = makeResult(
  {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    kernel: release(),
    node: process.versions.node,
    ...{ load, busy, runs, seconds, configuredPeers },
  },
  entrants.map(({ name, version }) => ({ name, version })),
  samples,
  failures,
);
if (values.save) saveResult(result);
process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : `\n${renderTable(result)}`);
for (const competitor of competitors) competitor.kill("SIGKILL");
// Two short runs say nothing about a target.
if (failures.length > 0 || (!values.quick && result.targets.some(({ holds }) => !holds))) process.exitCode = 1;

/**
 * A name of the table; besides, for work on the data plane: portable, TunnelMesh:OFFLOADS with "+" for ",", TunnelMesh:threads=N,
 * both with "+" between them, and TunnelMesh@CHECKOUT for the tunnel of another checkout.
 */
function findEntrant(name: string): Entrant[] {
  const program = (known: string) => obtainProgram(known, values.rebuild, report);
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  const threads = defaultThreads(availableParallelism());
  const choice = { backend: "native", offloads: "all", threads, relayed: false, checkout: root } as const;
  switch (name) {
    case own:
      return [ownEntrant(own, version, choice)];
    case "relay":
      return [ownEntrant(`${own}, relay`, version, { ...choice, relayed: true })];
    case "portable":
      return [ownEntrant(`${own}, portable`, version, { ...choice, backend: "portable" })];
    case reference: {
      const found = program(reference);
      return found === undefined ? [] : [wireguardEntrant(reference, found.version, found.path, ["--foreground"])];
    }
    case "boringtun": {
      const found = program("boringtun-cli");
      const parameters = ["--foreground", "--disable-drop-privileges"];
      return found === undefined ? [] : [wireguardEntrant(name, found.version, found.path, parameters)];
    }
    case "nebula": {
      const [nebula, certificates] = [program("nebula"), program("nebula-cert")];
      if (nebula === undefined || certificates === undefined) return [];
      return [nebulaEntrant(nebula.version, { nebula: nebula.path, certificates: certificates.path })];
    }
    default: {
      if (name.startsWith(`${own}:`)) {
        const words = name.slice(own.length + 1).split("+");
        const wished = words.find((word) => word.startsWith("threads="))?.slice("threads=".length);
        const offloads = words.filter((word) => !word.startsWith("threads=")).join(",") || "all";
        const asked = wished === undefined ? threads : readCount(wished);
        return [ownEntrant(name, version, { ...choice, offloads, threads: asked })];
      }
      const checkout = name.startsWith(`${own}@`) ? path.resolve(name.slice(own.length + 1)) : undefined;
      if (checkout !== undefined) return [ownEntrant(name, version, { ...choice, checkout })];
      throw new RangeError(`no such contender: ${name}`);
    }
  }
}

function readRow(text: string): RowName {
  const row = [...pairRows, "ten" as const].find((one) => one === text);
  if (row === undefined) throw new RangeError(`no such row: ${text}`);
  return row;
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 100) return count;
  throw new RangeError(`"${text}" is not a number from 1 to 100`);
}
