// The setup that a stack gives a droplet: run once over SSH, before anything of the mesh is there.
import type { MemberModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ProgressRow } from "../../output/progress.ts";
import type { HostConnection } from "../ssh/connection.ts";

/** On the host, once the setup has ended well. */
const doneFile = "/var/lib/tunnelmesh-setup-done";
/** Milliseconds: it may bring a system up to date. */
const patience = 1_800_000;

/** The script comes through stdin: it may begin with "#!", and is a shell's otherwise. */
const runner = `set -eu
test -e ${doneFile} && exit 0
script=$(mktemp)
trap 'rm -f "$script"' EXIT
cat > "$script"
chmod 700 "$script"
case $(head -c 2 "$script") in '#!') "$script" ;; *) sh "$script" ;; esac </dev/null
touch ${doneFile}
`;

/** Runs the member's setup unless it has run. @throws TunnelMeshError TM_CLOUD_SETUP, TM_SSH_… */
export async function setUpDroplet(
  { name, host }: MemberModel,
  connection: HostConnection,
  row: ProgressRow,
  signal: AbortSignal,
): Promise<void> {
  if (host.kind !== "droplet" || host.setup === undefined) return;
  row.update("running its setup");
  const options = { stdin: host.setup, root: true, timeout: patience, signal };
  const { code, stdout, stderr } = await connection.run(runner, options);
  if (code === 0) return;
  const said = (stderr.trim() === "" ? stdout : stderr).trim().split("\n").slice(-5).join("\n").slice(-1000);
  throw new TunnelMeshError("TM_CLOUD_SETUP", {
    detail: `${name}: it ended with ${code}${said === "" ? "" : `: ${said}`}`,
  });
}
