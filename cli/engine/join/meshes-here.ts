// The meshes that this machine is in, as their configuration says.

import { tunnelPort } from "../../../protocol/constants.ts";
import { type AgentConfiguration, agentConfigurationSchema } from "../../../protocol/host/configuration.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { HostConnection } from "../ssh/connection.ts";

export interface MeshHere {
  readonly mesh: string;
  /** Undefined where only a coordinator is installed, or what is there does not read. */
  readonly configuration: AgentConfiguration | undefined;
  readonly coordinator: boolean;
}

const script = `for folder in /etc/tunnelmesh/*/; do
  [ -d "$folder" ] || continue
  name=$(basename "$folder")
  coordinator=no; if [ -f "\${folder}coordinator.json" ]; then coordinator=yes; fi
  printf '%s %s %s\\n' "$name" "$coordinator" "$( { head -c 65536 "\${folder}agent.json" 2>/dev/null; } | base64 | tr -d '\\n')"
done`;

/** Reads them. */
export async function meshesHere(connection: HostConnection, signal: AbortSignal): Promise<readonly MeshHere[]> {
  return parseMeshes(await connection.check(script, { root: true, signal }));
}

/** One line per mesh: name, whether it has the coordinator, agent.json in base64. */
export function parseMeshes(text: string): readonly MeshHere[] {
  return text.split("\n").flatMap((line): readonly MeshHere[] => {
    const [mesh, coordinator, encoded = ""] = line.split(" ");
    if (mesh === undefined || mesh === "") return [];
    return [{ mesh, coordinator: coordinator === "yes", configuration: parseConfiguration(encoded) }];
  });
}

function parseConfiguration(encoded: string): AgentConfiguration | undefined {
  try {
    return agentConfigurationSchema.safeParse(JSON.parse(Buffer.from(encoded, "base64").toString("utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** An interface and a UDP port that no other mesh of this machine has; what this one had already, it keeps. */
export function freeInterface(
  mesh: string,
  here: readonly MeshHere[],
): Pick<AgentConfiguration, "interface" | "udpPort"> {
  const own = here.find((one) => one.mesh === mesh)?.configuration;
  if (own !== undefined) return { interface: own.interface, udpPort: own.udpPort };
  const others = here.flatMap(({ configuration }) => configuration ?? []);
  for (let number = 0; ; number += 1) {
    const choice = { interface: `tm${number}`, udpPort: tunnelPort + number };
    const taken = others.some((one) => one.interface === choice.interface || one.udpPort === choice.udpPort);
    if (!taken) return choice;
  }
}

/** Where the agent's program of a mesh lies. */
export function agentProgram(mesh: string): { readonly node: string; readonly agent: string } {
  const { current } = hostPaths(mesh);
  return { node: `${current}/node`, agent: `${current}/agent.mjs` };
}
