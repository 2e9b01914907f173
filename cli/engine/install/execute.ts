// Runs an install plan on its host, step by step; what is done stays done when it is interrupted.
import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { ProgressRow } from "../../output/progress.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { packRelease } from "./archive.ts";
import { checkHealth, startService } from "./health.ts";
import type { InstallPlan, Step } from "./plan.ts";
import { endUpgradeScript, forgetKeptScript, keepScript } from "./rollback-scripts.ts";
import { prepareScript, pruneScript, removeCoordinatorScript, switchScript, unpackScript } from "./scripts.ts";
import { releaseName } from "./specification.ts";

export interface ExecuteOptions {
  readonly progress: Pick<ProgressRow, "update">;
  readonly signal: AbortSignal;
  /** Called before each step. */
  readonly onStep?: (step: Step) => void;
  /** Called when the services run and before anything is recorded: what it throws leaves the install unfinished. */
  readonly verify?: () => Promise<void>;
  /** How long systemd may take to start a service, in seconds. */
  readonly startSeconds?: number;
}

const uploadTimeout = 30 * 60_000;
const megabyte = 1024 * 1024;

/** Executes the steps in order. @throws TunnelMeshError TM_SSH_…, TM_INSTALL_SERVICE, TM_INSTALL_NO_SECRET */
export async function executeInstall(
  connection: HostConnection,
  plan: InstallPlan,
  options: ExecuteOptions,
): Promise<void> {
  let verified = options.verify === undefined;
  for (const step of plan.steps) {
    options.signal.throwIfAborted();
    if (!verified && (step.kind === "prune" || step.kind === "record")) {
      await options.verify?.();
      verified = true;
    }
    options.onStep?.(step);
    options.progress.update(step.title);
    await executeStep(connection, plan, step, options);
  }
}

async function executeStep(
  connection: HostConnection,
  plan: InstallPlan,
  step: Step,
  options: ExecuteOptions,
): Promise<void> {
  const { mesh } = plan;
  const { signal } = options;
  const script = (text: string) => connection.check(text, { root: true, signal });
  switch (step.kind) {
    case "prepare":
      await script(prepareScript(mesh));
      return;
    case "upload":
      return upload(connection, plan, options);
    case "keep":
      await script(keepScript(mesh, step.release));
      return;
    case "file":
      await connection.writeFile(step.path, step.content, { mode: 0o644, signal });
      if (step.stays) await script(forgetKeptScript(mesh, step.path));
      return;
    case "secret":
      return writeSecret(connection, plan, signal);
    case "switch":
      await script(switchScript(mesh, step.release));
      return;
    case "reload":
      await script("systemctl daemon-reload");
      return;
    case "remove-coordinator":
      await script(removeCoordinatorScript(mesh));
      return;
    case "start":
      return startService(connection, mesh, step.service, signal, options.startSeconds);
    case "health":
      return checkHealth(connection, mesh, step.service, signal);
    case "prune":
      await script(`${endUpgradeScript(mesh)}\n${pruneScript()}`);
      return;
    case "record": {
      const { installRecord } = hostPaths(mesh);
      return connection.writeFile(installRecord, `${JSON.stringify(step.record)}\n`, { mode: 0o600, signal });
    }
    default:
      step satisfies never;
  }
}

async function upload(
  connection: HostConnection,
  { mesh, release }: InstallPlan,
  { progress, signal }: ExecuteOptions,
): Promise<void> {
  progress.update("packing the release");
  const archive = await packRelease(release);
  const total = Math.ceil(archive.size / megabyte);
  let sent = 0;
  let shown = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      const now = Math.floor(sent / megabyte);
      if (now > shown) progress.update(`uploading ${now} of ${total} MB`);
      shown = now;
      done(null, chunk);
    },
  });
  const source = createReadStream(archive.file, { highWaterMark: 256 * 1024 });
  source.once("error", (error) => counter.destroy(error));
  counter.once("error", () => source.destroy());
  try {
    await connection.check(unpackScript(mesh, releaseName(release), release.hash), {
      root: true,
      stdin: source.pipe(counter),
      timeout: uploadTimeout,
      signal,
    });
  } catch (error) {
    if (!isTunnelMeshError(error) || !/no space left/i.test(error.message)) throw error;
    throw new TunnelMeshError("TM_INSTALL_DISK_FULL", {
      detail: `${connection.target}, /opt/tunnelmesh`,
      cause: error,
    });
  } finally {
    source.destroy();
  }
}

async function writeSecret(connection: HostConnection, plan: InstallPlan, signal: AbortSignal): Promise<void> {
  const secret = plan.networkSecret();
  if (secret === undefined || secret === "")
    throw new TunnelMeshError("TM_INSTALL_NO_SECRET", { detail: connection.target });
  await connection.writeFile(hostPaths(plan.mesh).networkSecret, secret, { mode: 0o600, signal });
}
