// Measures how long `tm --help` takes: with the compiled code of an earlier run, and without any.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { root } from "../e2e/project.ts";
import { install, makeFolder, must, pack } from "../package/package.ts";
import type { Measurement } from "./measurement.ts";

const limit = 300;

export function measureHelp(runs: number): Measurement[] {
  timeHelp(process.env);
  const warm = Array.from({ length: runs }, () => timeHelp(process.env));
  const cold = Array.from({ length: runs }, timeColdHelp);
  return [
    { name: "tm --help, warm", unit: "ms", samples: warm, limit },
    { name: "tm --help, nothing compiled yet", unit: "ms", samples: cold, limit },
    ...measureInstalled(runs),
  ];
}

/** A cache of its own that holds Node and nothing else: the start compiles everything and writes it down, as a first one does. */
function timeColdHelp(): number {
  const cache = mkdtempSync(path.join(tmpdir(), "tm-bench-cache-"));
  try {
    const node = path.resolve(process.execPath, "../..");
    mkdirSync(path.join(cache, "tunnelmesh"));
    symlinkSync(node, path.join(cache, "tunnelmesh", path.basename(node)));
    return timeHelp({ ...process.env, XDG_CACHE_HOME: cache });
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

function timeHelp(environment: NodeJS.ProcessEnv): number {
  const started = performance.now();
  const { status, stderr } = spawnSync("sh", [path.join(root, "tm"), "--help"], { env: environment, encoding: "utf8" });
  if (status !== 0) throw new Error(`tm --help ended with ${status}: ${stderr}`);
  return performance.now() - started;
}

/** As a user has it who installed the package, beside what Node itself takes on this machine. */
function measureInstalled(runs: number): Measurement[] {
  const folder = makeFolder();
  try {
    install(pack(folder), folder);
    const tm = path.join(folder, "node_modules/.bin/tm");
    const time = (program: string, parameters: string[]) => {
      const started = performance.now();
      must(program, parameters, folder);
      return performance.now() - started;
    };
    const rounds = Array.from({ length: runs }, () => ({
      help: time(tm, ["--help"]),
      node: time(process.execPath, ["-e", "0"]),
    }));
    return [
      { name: "tm --help, installed package", unit: "ms", samples: rounds.map(({ help }) => help), limit },
      {
        name: "tm --help, installed, against node -e 0",
        unit: "×",
        samples: rounds.map(({ help, node }) => help / node),
      },
    ];
  } finally {
    rmSync(path.dirname(folder), { recursive: true, force: true });
  }
}
