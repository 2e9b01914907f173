// The shell script that reads everything about a host in one round trip and changes nothing.
import { hostPaths } from "../../../protocol/host/paths.ts";
import { quote } from "../ssh/quote.ts";

/** Unit templates shared by all meshes of a host. */
export const unitFolder = "/etc/systemd/system";
export const agentTemplate = `${unitFolder}/tunnelmesh-agent@.service`;
export const coordinatorTemplate = `${unitFolder}/tunnelmesh-coordinator@.service`;
/** May use the control socket. */
export const socketGroup = "tunnelmesh";
export const coordinatorUser = "tunnelmesh-coordinator";

/** Programs that installing and the agent start. */
export const neededTools = ["tar", "gzip", "ip", "sha256sum", "base64", "useradd", "groupadd"] as const;

/** Lines "key=value"; contents are base64. */
export function factsScript(mesh: string): string {
  const paths = hostPaths(mesh);
  const file = (key: string, path: string) => `content ${key} ${quote(path)}; digest ${key} ${quote(path)}`;
  return `
PATH=$PATH:/usr/sbin:/sbin; LC_ALL=C; export PATH LC_ALL
say() { printf '%s=%s\\n' "$1" "$2"; }
content() { if [ -f "$2" ]; then say "content.$1" "$(head -c 1048576 "$2" | base64 | tr -d '\\n')"; fi; }
digest() { if [ -f "$2" ]; then say "digest.$1" "$(sha256sum < "$2" | cut -d ' ' -f 1)"; fi; }
free() { say "free.$1" "$( { df -Pk "$2" 2>/dev/null || df -Pk /; } | tail -n 1)"; }
say machine "$(uname -m)"
say os "$( (. /etc/os-release && printf '%s %s' "$ID" "\${VERSION_ID:-}") 2>/dev/null)"
say like "$( (. /etc/os-release && printf '%s' "\${ID_LIKE:-}") 2>/dev/null)"
say memory "$(awk '/^MemTotal:/ { print $2; exit }' /proc/meminfo 2>/dev/null)"
say selinux "$(getenforce 2>/dev/null)"
say apparmor "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)"
place=/opt/tunnelmesh; [ -d "$place" ] || place=/opt; [ -d "$place" ] || place=/
say opt.mount "$(findmnt -n -o OPTIONS -T "$place" 2>/dev/null)"
say glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
say uid "$(id -u)"
if [ -d /run/systemd/system ]; then say systemd "$(systemctl --version 2>/dev/null | head -n 1)"; fi
if (exec 3<>/dev/net/tun) 2>/dev/null; then say tun yes; fi
free opt /opt; free var /var
for tool in ${neededTools.join(" ")}; do command -v "$tool" >/dev/null 2>&1 || say missing "$tool"; done
say routes "$(ip -o route show table all 2>/dev/null | head -c 1048576 | base64 | tr -d '\\n')"
if getent group ${socketGroup} >/dev/null && getent passwd ${coordinatorUser} >/dev/null && [ -d ${quote(paths.agentState)} ] \\
  && [ -d ${quote(paths.coordinatorState)} ] && [ -d ${quote(paths.configuration)} ] && [ -d ${quote(paths.releases)} ]; then say prepared yes; fi
for folder in ${quote(paths.releases)}/*/; do [ -f "\${folder}release.json" ] && say release "$(basename "$folder")"; done
say current "$(readlink ${quote(paths.current)} 2>/dev/null)"
if [ -f ${quote(paths.previous)}/release.json ]; then say previous "$(readlink ${quote(paths.previous)})"; fi
content kept ${quote(`${paths.keptConfiguration}/install.json`)}
${file("agent", paths.agentConfiguration)}
${file("coordinator", paths.coordinatorConfiguration)}
content record ${quote(paths.installRecord)}
digest meshFile ${quote(paths.meshFile)}
digest secret ${quote(paths.networkSecret)}
digest agentUnit ${quote(agentTemplate)}
digest coordinatorUnit ${quote(coordinatorTemplate)}
say service.agent "$(systemctl is-active ${quote(paths.agentUnit)} 2>/dev/null) $(systemctl is-enabled ${quote(paths.agentUnit)} 2>/dev/null)"
say service.coordinator "$(systemctl is-active ${quote(paths.coordinatorUnit)} 2>/dev/null) $(systemctl is-enabled ${quote(paths.coordinatorUnit)} 2>/dev/null)"
say end yes
`;
}
