// Measures how long `tm --help` takes: with the compiled code of an earlier run, and without any.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { root } from "../e2e/project.ts";
import type { Measurement } from "./measurement.ts";

const limit = 300;

export function measureHelp(runs: number): Measurement[] {
  timeHelp(process.env);
  const warm = Array.from({ length: runs }, () => timeHelp(process.env));
  const cold = Array.from({ length: runs }, timeColdHelp);
  return [
    { name: "tm --help, warm", unit: "ms", samples: warm, limit },
    { name: "tm --help, nothing compiled yet", unit: "ms", samples: cold, limit },
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
