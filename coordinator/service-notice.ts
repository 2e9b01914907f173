// Tells systemd that the service is ready and alive, where systemd asked to be told (sd_notify through systemd-notify).
import { execFile } from "node:child_process";
import type { Logger } from "pino";

/** Says ready now, and "alive" at half of the watchdog's time; gives back how to say that it stops. */
export function startServiceNotices(environment: NodeJS.ProcessEnv, log: Logger): () => void {
  if (environment["NOTIFY_SOCKET"] === undefined) return () => undefined;
  const tell = (...states: readonly string[]): void => {
    const child = execFile("systemd-notify", [...states], { timeout: 5000, env: environment }, (error) => {
      if (error !== null) log.warn({ err: error }, "systemd could not be told");
    });
    child.unref();
  };
  tell("--ready");
  const watched = environment["WATCHDOG_PID"] === undefined || environment["WATCHDOG_PID"] === String(process.pid);
  const microseconds = watched ? Number(environment["WATCHDOG_USEC"] ?? "0") : 0;
  const beat = microseconds > 0 ? setInterval(() => tell("WATCHDOG=1"), microseconds / 2000) : undefined;
  return () => {
    clearInterval(beat);
    tell("STOPPING=1");
  };
}
