// The coordinator's program: coordinator.mjs run --mesh NAME [--root DIR] [--relay-mbit N], and coordinator.mjs version.
import { parseArgs } from "node:util";
import { isTunnelMeshError } from "../protocol/errors/error.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { startService } from "./service.ts";

const release = process.env.TUNNELMESH_VERSION ?? "source";
const usage = "usage: coordinator.mjs run --mesh NAME [--root DIR] [--relay-mbit N] | coordinator.mjs version";

/** Runs a subcommand; resolves with the exit code, or with undefined where the service goes on. */
async function main(argv: readonly string[]): Promise<number | undefined> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { mesh: { type: "string" }, root: { type: "string" }, "relay-mbit": { type: "string" } },
  });
  if (positionals[0] === "version") {
    process.stdout.write(`${release}\n`);
    return 0;
  }
  const limits = limitsFrom(values["relay-mbit"]);
  if (positionals[0] !== "run" || values.mesh === undefined || limits === undefined) {
    process.stderr.write(`${usage}\n`);
    return 64;
  }
  const service = await startService({ mesh: values.mesh, root: values.root ?? "/", release, limits });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    service.close().then(() => process.exit(0), fail);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return undefined;
}

function limitsFrom(relayMegabits: string | undefined): Limits | undefined {
  if (relayMegabits === undefined) return defaultLimits;
  if (!/^[1-9]\d{0,5}$/.test(relayMegabits)) return undefined;
  return { ...defaultLimits, relayBitsPerSecond: Number(relayMegabits) * 1_000_000 };
}

function fail(error: unknown): void {
  const known = isTunnelMeshError(error);
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : "";
  process.stderr.write(known ? `${error.code} ${error.message}${cause}\n` : `${String(error)}\n`);
  process.exit(known ? error.exitCode : 1);
}

main(process.argv.slice(2)).then((code) => {
  if (code !== undefined) process.exit(code);
}, fail);
