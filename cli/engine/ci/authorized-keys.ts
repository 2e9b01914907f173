// The lines of a host's authorized_keys that let tokens of CI log in: exactly the live ones, each until it expires.
import type { HostConnection } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";
import type { CiLogin } from "./login.ts";

/** For whom else a line is never touched: how the comment of a mesh's lines begins. */
export function lineMark(mesh: string): string {
  return `tunnelmesh-ci:${mesh}:`;
}

/** What such a login may not do beside running commands; sockets of the services are reached by forwarding. */
const options = "no-agent-forwarding,no-pty,no-user-rc,no-X11-forwarding";

/** One line, as a host in UTC has it: a droplet's first script writes it before anybody can ask the host for its time zone. */
export function authorizedLine(mesh: string, { tid, line, expires }: CiLogin): string {
  const until = new Date(expires * 1000)
    .toISOString()
    .slice(0, 19)
    .replace(/[^0-9]/g, "");
  return `expiry-time="${until}",${options} ${line} ${lineMark(mesh)}${tid}`;
}

/**
 * Makes the lines of `mesh` in the file of the account that this connection logged in to those of `logins`. The file is replaced as
 * a whole or left alone.
 * @returns whether something changed
 * @throws TunnelMeshError TM_SSH_COMMAND_FAILED
 */
export async function authorizeCi(
  connection: Pick<HostConnection, "check">,
  mesh: string,
  logins: readonly CiLogin[],
  signal?: AbortSignal,
): Promise<boolean> {
  const stdin = logins.map(({ tid, line, expires }) => `${expires} ${line} ${tid}\n`).join("");
  const said = await connection.check(script(mesh), { stdin, ...(signal === undefined ? {} : { signal }) });
  return said.trim() === "changed";
}

/** sshd reads expiry-time in the host's own time zone, so the host says it. */
function script(mesh: string): string {
  return `set -eu; umask 077
file="$HOME/.ssh/authorized_keys"
mkdir -p "$HOME/.ssh"
[ ! -L "$file" ] || file=$(readlink -f "$file")
new=$(mktemp "$file.XXXXXX")
trap 'rm -f "$new"' EXIT
if [ -f "$file" ]; then grep -v ' ${lineMark(mesh)}[0-9a-f]*$' "$file" > "$new" || [ $? = 1 ]; fi
while read -r expires type key tid; do
  until=$(date -d "@$expires" +%Y%m%d%H%M%S)
  printf 'expiry-time="%s",%s %s %s %s%s\\n' "$until" ${quote(options)} "$type" "$key" ${quote(lineMark(mesh))} "$tid" >> "$new"
done
if [ -f "$file" ] && cmp -s "$new" "$file"; then exit 0; fi
if [ ! -f "$file" ] && [ ! -s "$new" ]; then exit 0; fi
if [ -f "$file" ]; then chmod --reference="$file" "$new"; fi
sync "$new"
mv -f "$new" "$file"
trap - EXIT
echo changed`;
}
