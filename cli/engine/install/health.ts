// Starts a service and makes sure that it answers, or says what its log says.
import { setTimeout as delay } from "node:timers/promises";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";
import { agentRequest, coordinatorRequest } from "./control.ts";
import { startScript } from "./scripts.ts";
import type { Service } from "./specification.ts";

const patience = 20_000;
const interval = 300;
const startTimeout = 90_000;
const defaultStartSeconds = 80;

/** Enables and restarts; returns when systemd says that the service is ready. @throws TunnelMeshError TM_INSTALL_SERVICE */
export async function startService(
  connection: HostConnection,
  mesh: string,
  service: Service,
  signal: AbortSignal,
  seconds = defaultStartSeconds,
): Promise<void> {
  const unit = unitOf(mesh, service);
  const { code, stderr } = await connection.run(startScript(unit, seconds), {
    root: true,
    timeout: startTimeout,
    signal,
  });
  if (code !== 0) throw await serviceFailure(connection, unit, stderr, signal);
}

/** Waits until the service's socket answers `status`. @throws TunnelMeshError TM_INSTALL_SERVICE */
export async function checkHealth(
  connection: HostConnection,
  mesh: string,
  service: Service,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      await (service === "agent"
        ? agentRequest(connection, mesh, { method: "status" }, signal)
        : coordinatorRequest(connection, mesh, { method: "status" }, signal));
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!isTunnelMeshError(error) || error.code === "TM_SSH_CONNECTION_LOST") throw error;
      if (performance.now() > end) throw await serviceFailure(connection, unitOf(mesh, service), error.message, signal);
    }
    await delay(interval);
  }
}

async function serviceFailure(
  connection: HostConnection,
  unit: string,
  said: string,
  signal: AbortSignal,
): Promise<TunnelMeshError> {
  const { stdout } = await connection.run(`journalctl -u ${quote(unit)} -n 40 -o cat --no-pager`, {
    root: true,
    signal,
  });
  // The lines of a stack trace push out what went wrong.
  const lines = stdout
    .trim()
    .split("\n")
    .filter((line) => !/^\s+at |^\s*$/.test(line));
  const log = lines.slice(-12).join("\n").slice(-1500);
  return new TunnelMeshError("TM_INSTALL_SERVICE", {
    detail: `${unit} on ${connection.target}: ${said.trim().split("\n")[0] ?? ""}${log === "" ? "" : `\n${log}`}`,
    advice: [`Read its log on the host: journalctl -u ${unit} -n 50`, "Mend the cause and run it again."],
  });
}

function unitOf(mesh: string, service: Service): string {
  const paths = hostPaths(mesh);
  return service === "agent" ? paths.agentUnit : paths.coordinatorUnit;
}
