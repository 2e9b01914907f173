// The agent's command line: a subcommand and its flags.
import { parseArgs } from "node:util";
import { TunnelMeshError } from "../../protocol/errors/error.ts";

export type AgentCommand =
  | { readonly command: "version" }
  | {
      readonly command: "run" | "network-secret" | "repair";
      readonly mesh: string;
      /** Put before every path of the host; empty on a real one. */
      readonly root: string;
      /** False: a protocol client without TUN device and names (architecture.md §10). */
      readonly tunnel: boolean;
    };

/** @throws TunnelMeshError TM_USAGE */
export function parseArguments(argv: readonly string[]): AgentCommand {
  const { values, positionals } = parse(argv);
  const [command = "run", ...more] = positionals;
  if (more.length > 0) throw new TunnelMeshError("TM_USAGE", { detail: `one subcommand, not ${positionals.length}` });
  switch (command) {
    case "version":
      return { command };
    case "run":
    case "network-secret":
    case "repair": {
      const { mesh = "", root = "", "no-tunnel": noTunnel = false } = values;
      if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(mesh)) {
        throw new TunnelMeshError("TM_USAGE", { detail: "--mesh names the mesh" });
      }
      return { command, mesh, root, tunnel: !noTunnel };
    }
    default:
      throw new TunnelMeshError("TM_USAGE", { detail: `unknown subcommand ${command.slice(0, 32)}` });
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { mesh: { type: "string" }, root: { type: "string" }, "no-tunnel": { type: "boolean" } },
    });
  } catch (error) {
    throw new TunnelMeshError("TM_USAGE", { detail: error instanceof Error ? error.message : String(error) });
  }
}
