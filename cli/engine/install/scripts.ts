// The shell scripts of the install steps. Each may be killed at any moment and run again.
import { hostPaths } from "../../../protocol/host/paths.ts";
import { quote } from "../ssh/quote.ts";
import { checksumFile } from "./archive.ts";
import { coordinatorUser, socketGroup } from "./facts-script.ts";

const path = "PATH=$PATH:/usr/sbin:/sbin; LC_ALL=C; export PATH LC_ALL; set -e";

/** Group and user of the services, and the folders of mesh `mesh` with their owners. */
export function prepareScript(mesh: string): string {
  const paths = hostPaths(mesh);
  const folder = (name: string, mode: string, owner = "root:root") =>
    `mkdir -p ${quote(name)}; chmod ${mode} ${quote(name)}; chown ${owner} ${quote(name)}`;
  return `${path}
umask 022
getent group ${socketGroup} >/dev/null || groupadd --system ${socketGroup}
getent passwd ${coordinatorUser} >/dev/null || useradd --system --user-group --no-create-home --home-dir /nonexistent \\
  --shell "$(command -v nologin || echo /bin/false)" ${coordinatorUser}
${folder(paths.releases, "755")}
${folder(parentOf(paths.current), "755")}
${folder("/etc/tunnelmesh", "755")}
${folder(paths.configuration, "755")}
${folder("/var/lib/tunnelmesh", "755")}
${folder(parentOf(paths.agentState), "755")}
${folder(paths.agentState, "700")}
${folder(paths.coordinatorState, "700", `${coordinatorUser}:${socketGroup}`)}`;
}

/** Unpacks the archive on stdin; only a complete and checked release gets its name. */
export function unpackScript(mesh: string, name: string, hash: string): string {
  const target = quote(`${hostPaths(mesh).releases}/${name}`);
  const partial = quote(`${hostPaths(mesh).releases}/${name}.partial`);
  return `${path}
umask 022
partial=${partial}
trap 'rm -rf "$partial"' EXIT
rm -rf ${partial}; mkdir ${partial}; cd ${partial}
tar -xzf - --no-same-owner
sha256sum -c --quiet ${checksumFile}
grep -q ${quote(`"hash":"${hash}"`)} release.json
if command -v selinuxenabled >/dev/null && selinuxenabled; then
  restorecon -R . || true
  chcon -t bin_t node
  chcon -t lib_t koffi.node
fi
sync ./* .
if [ -e ${target} ]; then rm -rf ${target}; fi
mv -T ${partial} ${target}
sync ${quote(hostPaths(mesh).releases)}`;
}

/** Points `current` at the release in one step and keeps the one before as `previous`. */
export function switchScript(mesh: string, name: string): string {
  const { current, previous } = hostPaths(mesh);
  const next = quote(`../releases/${name}`);
  return `${path}
cd ${quote(parentOf(current))}
old=$(readlink current || true)
if [ -n "$old" ] && [ "$old" != ${next} ] && [ -d "$old" ]; then ln -sfn "$old" ${quote(baseOf(previous))}.next; mv -fT previous.next previous; fi
ln -sfn ${next} current.next
mv -fT current.next current
sync .`;
}

/** Removes releases that no mesh of the host uses or could go back to, and what killed uploads left. */
export function pruneScript(): string {
  return `${path}
cd /opt/tunnelmesh/releases 2>/dev/null || exit 0
used=" $(for link in ../*/current ../*/previous ../*/previous.before; do basename "$(readlink "$link" || true)"; done | tr '\\n' ' ') "
for folder in *; do
  case "$used" in *" $folder "*) ;; *) rm -rf "./$folder" ;; esac
done`;
}

/** Enables and (re)starts a unit; Type=notify makes this wait, at most `seconds`, until the service says that it is ready. */
export function startScript(unit: string, seconds: number): string {
  return `${path}
systemctl reset-failed ${quote(unit)} 2>/dev/null || true
systemctl enable --quiet ${quote(unit)}
timeout ${seconds} systemctl restart ${quote(unit)} && exit 0
code=$?
if [ "$code" = 124 ]; then echo "it was not ready after ${seconds} s" >&2; fi
exit "$code"`;
}

/** Stops the coordinator of a mesh and removes what is its own. */
export function removeCoordinatorScript(mesh: string): string {
  const paths = hostPaths(mesh);
  return `${path}
systemctl disable --now --quiet ${quote(paths.coordinatorUnit)} 2>/dev/null || true
rm -rf ${quote(paths.coordinatorState)}/* ${quote(paths.coordinatorConfiguration)} ${quote(parentOf(paths.coordinatorSocket))}`;
}

/** Takes a mesh off the host; with the last one also everything shared, so that the host is as it was. */
export function uninstallScript(mesh: string, keepState: boolean): string {
  const paths = hostPaths(mesh);
  const home = parentOf(paths.current);
  const state = parentOf(paths.agentState);
  const units = [paths.agentUnit, paths.coordinatorUnit].map(quote).join(" ");
  return `PATH=$PATH:/usr/sbin:/sbin; export PATH
for unit in ${units}; do
  systemctl disable --now --quiet "$unit" 2>/dev/null
  systemctl is-active --quiet "$unit" && { echo "$unit does not stop" >&2; exit 1; }
  systemctl reset-failed "$unit" 2>/dev/null
done
if [ -x ${quote(paths.current)}/node ]; then ${quote(paths.current)}/node ${quote(paths.current)}/agent.mjs repair --mesh ${quote(mesh)} >/dev/null 2>&1; fi
set -e
rm -rf ${quote(paths.configuration)} ${quote(paths.agentSocket)} ${quote(parentOf(paths.coordinatorSocket))} ${quote(home)}
${keepState ? "" : `rm -rf ${quote(state)}`}
left=no
for folder in /opt/tunnelmesh/*/; do case "$folder" in '/opt/tunnelmesh/*/' | /opt/tunnelmesh/releases/) ;; *) left=yes ;; esac; done
if [ "$left" = yes ]; then
  ${pruneScript().split("\n").slice(1).join("\n  ").replace("|| exit 0", "")}
  exit 0
fi
rm -rf /opt/tunnelmesh /etc/tunnelmesh /run/tunnelmesh /run/tunnelmesh-coordinator
rmdir /var/lib/tunnelmesh 2>/dev/null || true
rm -f /etc/systemd/system/tunnelmesh-agent@.service /etc/systemd/system/tunnelmesh-coordinator@.service
systemctl daemon-reload
if getent passwd ${coordinatorUser} >/dev/null; then userdel ${coordinatorUser}; fi
if getent group ${coordinatorUser} >/dev/null; then groupdel ${coordinatorUser}; fi
if getent group ${socketGroup} >/dev/null; then groupdel ${socketGroup}; fi`;
}

function parentOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/"));
}

function baseOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}
