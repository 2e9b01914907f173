// Takes a mesh off a host again.
import type { HostConnection } from "../ssh/connection.ts";
import { uninstallScript } from "./scripts.ts";

export interface UninstallOptions {
  /** Keeps keys and cached items of the mesh, for a node that comes back. */
  readonly keepState?: boolean;
  readonly signal?: AbortSignal;
}

const stopTimeout = 90_000;

/** Stops and removes everything of `mesh`; with the last mesh also accounts, units and releases. Idempotent. @throws TunnelMeshError TM_SSH_… */
export async function uninstall(
  connection: HostConnection,
  mesh: string,
  options: UninstallOptions = {},
): Promise<void> {
  await connection.check(uninstallScript(mesh, options.keepState === true), {
    root: true,
    timeout: stopTimeout,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}
