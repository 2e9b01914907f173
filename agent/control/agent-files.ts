// Where the agent of one mesh keeps its files, and its configuration read from there.
import path from "node:path";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { type AgentConfiguration, agentConfigurationSchema } from "../../protocol/host/configuration.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { readIfThere } from "../map/durable.ts";

export interface AgentFiles {
  readonly configuration: string;
  readonly meshFile: string;
  readonly state: string;
  readonly map: string;
  readonly head: string;
  readonly hints: string;
  readonly boundKeys: string;
  readonly keysItem: string;
  readonly timestamp: string;
  readonly networkSecret: string;
  readonly resolverBackup: string;
  readonly resolver: string;
  readonly socket: string;
}

/** @param root put before each path: a folder in tests, else empty */
export function agentFiles(mesh: string, root: string): AgentFiles {
  const paths = hostPaths(mesh);
  const below = (file: string): string => (root === "" ? file : path.join(root, file));
  const state = below(paths.agentState);
  return {
    configuration: below(paths.agentConfiguration),
    meshFile: below(paths.meshFile),
    state,
    map: path.join(state, "map.jsonl"),
    head: path.join(state, "head.json"),
    hints: path.join(state, "endpoints.json"),
    boundKeys: path.join(state, "identity.json"),
    keysItem: path.join(state, "keys.json"),
    timestamp: path.join(state, "timestamp"),
    networkSecret: below(paths.networkSecret),
    resolverBackup: path.join(state, "resolv.conf.json"),
    resolver: below("/etc/resolv.conf"),
    socket: below(paths.agentSocket),
  };
}

/** @throws TunnelMeshError TM_AGENT_CONFIGURATION */
export async function readConfiguration(file: string, mesh: string): Promise<AgentConfiguration> {
  try {
    const text = await readIfThere(file, 64 * 1024);
    if (text === undefined) throw new RangeError("it is missing");
    const configuration = agentConfigurationSchema.parse(JSON.parse(text));
    if (configuration.mesh !== mesh) throw new RangeError(`it is of mesh ${configuration.mesh}`);
    return configuration;
  } catch (error) {
    throw new TunnelMeshError("TM_AGENT_CONFIGURATION", { detail: file, cause: error });
  }
}
