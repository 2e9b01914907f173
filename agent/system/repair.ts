// Takes back the interface that an agent which died has left on the host.
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { promisify } from "node:util";
import type { Log } from "./log.ts";

const run = promisify(execFile);

/** An interface that outlived its agent goes, with its addresses and routes; a foreign one of that name is left alone. */
export async function removeInterface(link: string, log: Log): Promise<void> {
  // Only a TUN device has this file.
  const ours = await access(`/sys/class/net/${link}/tun_flags`).then(
    () => true,
    () => false,
  );
  if (!ours) return;
  try {
    await run("ip", ["link", "delete", "dev", link], { timeout: 5000 });
    log("info", "the interface of a dead agent is removed", { interface: link });
  } catch (error) {
    log("warn", "the interface of a dead agent stays", { interface: link, cause: String(error) });
  }
}
