// Tells systemd that the agent is ready, alive or stopping (sd_notify(3)); silent where no systemd started it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Log } from "./log.ts";

const run = promisify(execFile);

export interface Notifier {
  ready(status: string): Promise<void>;
  stopping(): Promise<void>;
  /** Ends the watchdog's heartbeat. */
  close(): void;
}

/**
 * Node has no Unix datagram sockets, so systemd-notify sends the message; the unit needs NotifyAccess=all. The heartbeat comes
 * at a third of WatchdogSec, from the event loop that moves packets: a loop that hangs is restarted.
 */
export function openNotifier(environment: NodeJS.ProcessEnv, log: Log): Notifier {
  if (environment["NOTIFY_SOCKET"] === undefined) {
    return { ready: async () => undefined, stopping: async () => undefined, close: () => undefined };
  }
  const send = async (...fields: string[]): Promise<void> => {
    try {
      await run("systemd-notify", fields, { timeout: 5000 });
    } catch (error) {
      log("warn", "systemd was not told", { fields, cause: String(error) });
    }
  };
  const microseconds = Number(environment["WATCHDOG_USEC"] ?? 0);
  let heartbeat: NodeJS.Timeout | undefined;
  return {
    ready: async (status) => {
      await send("READY=1", `STATUS=${status}`, `MAINPID=${process.pid}`);
      if (microseconds > 0) heartbeat = setInterval(() => void send("WATCHDOG=1"), microseconds / 3000);
    },
    stopping: async () => await send("STOPPING=1"),
    close: () => clearInterval(heartbeat),
  };
}
