// Takes one host back to the release before: files, link, services; the record follows when that release is known to be healthy.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { HostFacts } from "./facts.ts";
import type { InstallRecord } from "./record.ts";
import { endRollbackScript, rollbackScript } from "./rollback-scripts.ts";
import { pruneScript } from "./scripts.ts";

const rollbackTimeout = 80_000;
/** The script's exit code for "there is no release before". */
const noPrevious = 3;

/** Switches back and starts. @throws TunnelMeshError TM_ROLLBACK_NO_PREVIOUS, TM_UPGRADE_ROLLBACK_FAILED */
export async function switchBack(connection: HostConnection, mesh: string, signal: AbortSignal): Promise<void> {
  const { code, stderr } = await connection.run(rollbackScript(mesh), { root: true, timeout: rollbackTimeout, signal });
  if (code === 0) return;
  if (code === noPrevious) throw new TunnelMeshError("TM_ROLLBACK_NO_PREVIOUS", { detail: connection.target });
  throw new TunnelMeshError("TM_UPGRADE_ROLLBACK_FAILED", {
    detail: `${connection.target}: ${stderr.trim().split("\n")[0] ?? `exit code ${code}`}`,
  });
}

/**
 * Records the release before as the installed one, then forgets the one that was left. That release goes from the disk
 * unless another mesh of the host uses it. `before` are facts from before the switch.
 */
export async function finishRollback(
  connection: HostConnection,
  mesh: string,
  before: HostFacts,
  signal: AbortSignal,
): Promise<void> {
  const record = recordAfter(before);
  if (record !== undefined) {
    const text = `${JSON.stringify(record)}\n`;
    await connection.writeFile(hostPaths(mesh).installRecord, text, { mode: 0o600, signal });
  }
  await connection.check(`${endRollbackScript(mesh)}\n${pruneScript()}`, { root: true, signal });
}

/** What was recorded then; where nothing was kept, a record that makes the next deploy start the services again. */
function recordAfter({ installed, kept, previousRelease, currentRelease }: HostFacts): InstallRecord | undefined {
  const release = previousRelease ?? currentRelease;
  if (kept !== undefined && kept.release === release) return kept;
  // An upgrade that failed before its record was written: the record is still that of the release before.
  if (installed === undefined || installed.release === release) return installed;
  return release === undefined ? installed : { ...installed, release, services: {} };
}
