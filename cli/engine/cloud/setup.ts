// What a stack gives a droplet besides the mesh: its volume mounted, and its setup run once, before anything of the mesh is there.
import type { MemberModel } from "../../../constructs/model.ts";
import { resourceName } from "../../../constructs/terraform/members.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ProgressRow } from "../../output/progress.ts";
import type { EngineContext } from "../deploy/contract.ts";
import type { HostConnection, RunOptions } from "../ssh/connection.ts";
import { readDroplets } from "./droplet-file.ts";
import { mountScript, volumeDevice } from "./volume.ts";

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

/** Mounts the member's volume, then runs its setup unless it has run. @throws TunnelMeshError TM_CLOUD_SETUP, TM_SSH_… */
export async function setUpDroplet(
  context: Pick<EngineContext, "loaded" | "sandbox" | "signal">,
  member: MemberModel,
  connection: HostConnection,
  row: ProgressRow,
): Promise<void> {
  const { loaded, sandbox, signal } = context;
  const { host } = member;
  if (host.kind !== "droplet") return;
  // The sandbox's droplets have no disks.
  if (host.volume !== undefined && sandbox !== true) {
    row.update("mounting its volume");
    const { volume } = (await readDroplets(context))[member.name] ?? {};
    // A state from before volumes had a name of their own does not say it: there it is still the member's.
    const device = volumeDevice(volume ?? resourceName(loaded.model.name, member.name, 64));
    const script = mountScript(device, host.volume.mount);
    await runScript(member, "the volume", connection, "sh -s", { stdin: script, root: true, timeout: 120_000, signal });
  }
  if (host.setup === undefined) return;
  row.update("running its setup");
  await runScript(member, "setup", connection, runner, { stdin: host.setup, root: true, timeout: patience, signal });
}

async function runScript(
  { name }: MemberModel,
  what: string,
  connection: HostConnection,
  command: string,
  options: RunOptions,
): Promise<void> {
  const { code, stdout, stderr } = await connection.run(command, options);
  if (code === 0) return;
  const said = (stderr.trim() === "" ? stdout : stderr).trim().split("\n").slice(-5).join("\n").slice(-1000);
  const detail = `${name}, ${what}: it ended with ${code}${said === "" ? "" : `: ${said}`}`;
  throw new TunnelMeshError("TM_CLOUD_SETUP", { detail });
}
