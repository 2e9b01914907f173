// The network secret: made on the coordinator's host, carried to others through memory alone (life.md §1).
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { networkSecretSchema } from "../../../protocol/host/configuration.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";

/**
 * Makes generation 1 on the host unless there is one. It runs before the host has an agent, so the kernel's random device and the
 * mesh id of coordinator.json are all it needs; two runs at once keep the first (ln does not replace).
 */
export async function makeNetworkSecret(connection: HostConnection, mesh: string, signal?: AbortSignal): Promise<void> {
  const { networkSecret, coordinatorConfiguration } = hostPaths(mesh);
  const file = quote(networkSecret);
  const script = `set -e; umask 077
[ -e ${file} ] && exit 0
mesh=$(tr -d ' \\n' < ${quote(coordinatorConfiguration)} | sed -n 's/.*"meshId":"\\([0-9a-f]\\{64\\}\\)".*/\\1/p')
[ -n "$mesh" ]
part=$(mktemp ${file}.XXXXXX)
trap 'rm -f "$part"' EXIT
{ printf '{"v":1,"mesh":"%s","generations":[{"gen":1,"secret":"' "$mesh"
  od -An -v -N32 -tx1 /dev/urandom | tr -d ' \\n'
  printf '"}]}\\n'; } > "$part"
sync "$part"
ln "$part" ${file} 2>/dev/null || [ -e ${file} ]
sync "$(dirname ${file})"`;
  await connection.check(script, { root: true, ...(signal === undefined ? {} : { signal }) });
}

/** Reads network-secret.json into memory. @throws TunnelMeshError TM_INSTALL_NO_SECRET */
export async function readNetworkSecret(
  connection: HostConnection,
  mesh: string,
  signal?: AbortSignal,
): Promise<string> {
  const { code, stdout } = await connection.run(`cat ${quote(hostPaths(mesh).networkSecret)}`, {
    root: true,
    ...(signal === undefined ? {} : { signal }),
  });
  if (code !== 0 || !isNetworkSecret(stdout))
    throw new TunnelMeshError("TM_INSTALL_NO_SECRET", { detail: connection.target });
  return stdout;
}

function isNetworkSecret(text: string): boolean {
  try {
    return networkSecretSchema.safeParse(JSON.parse(text)).success;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
