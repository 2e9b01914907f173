// The shell script that looks at a node in one round trip and changes nothing: what tm doctor NODE judges.
import { hostPaths } from "../../../protocol/host/paths.ts";
import { quote } from "../ssh/quote.ts";

export interface NodeScriptParameters {
  readonly mesh: string;
  readonly interface: string;
  readonly udpPort: number;
  readonly tcpPort: number;
  /** Names that must resolve on the node: "beta.mesh". */
  readonly names: readonly string[];
}

/** Lines "key=value". */
export function nodeScript({ mesh, interface: device, udpPort, tcpPort, names }: NodeScriptParameters): string {
  const { agentUnit, coordinatorUnit, current, previous } = hostPaths(mesh);
  const unit = (key: string, name: string) =>
    `say unit.${key} "$(systemctl show -p ActiveState -p SubState -p UnitFileState -p NRestarts ${quote(name)} 2>/dev/null | tr '\\n' ' ')"`;
  return `
PATH=$PATH:/usr/sbin:/sbin; LC_ALL=C; export PATH LC_ALL
say() { printf '%s=%s\\n' "$1" "$2"; }
say time "$(date +%s)"
${unit("agent", agentUnit)}
${unit("coordinator", coordinatorUnit)}
say current "$(readlink ${quote(current)} 2>/dev/null)"
say previous "$(readlink ${quote(previous)} 2>/dev/null)"
if (exec 3<>/dev/net/tun) 2>/dev/null; then say tun yes; fi
say udp "$(ss -Hlun "sport = :${udpPort}" 2>/dev/null | wc -l)"
say tcp "$(ss -Hltn "sport = :${tcpPort}" 2>/dev/null | wc -l)"
say free.var "$(df -Pk /var 2>/dev/null | tail -n 1 | awk '{ print $4 }')"
say free.opt "$( { df -Pk /opt/tunnelmesh 2>/dev/null || df -Pk /; } | tail -n 1 | awk '{ print $4 }')"
say addresses "$(ip -o addr show dev ${quote(device)} 2>/dev/null | awk '{ print $4 }' | head -n 16 | tr '\\n' ' ')"
say routes "$(ip -o route show table all dev ${quote(device)} 2>/dev/null | head -n 4096 | wc -l)"
for name in ${names.map(quote).join(" ")}; do say "name.$name" "$(timeout 4 getent hosts "$name" 2>/dev/null | head -n 1 | cut -d ' ' -f 1)"; done
say end yes
`;
}
