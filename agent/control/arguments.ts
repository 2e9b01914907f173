// The agent's command line: a subcommand and its flags.
import { parseArgs } from "node:util";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { PlanePreference } from "../dataplane/open-plane.ts";
import { readPreference } from "../dataplane/preference.ts";

export type AgentCommand =
  | { readonly command: "version" }
  | {
      readonly command: "describe";
      /** Private key file of the host that is to join. */
      readonly identity: string;
    }
  | {
      readonly command: "join";
      readonly mesh: string;
      readonly root: string;
      /** The name that is wanted; undefined: one near the host's own. */
      readonly name: string | undefined;
    }
  | {
      readonly command: "run" | "network-secret" | "repair" | "wrap";
      readonly mesh: string;
      /** Put before every path of the host; empty on a real one. */
      readonly root: string;
      /** False: a protocol client without TUN device and names (architecture.md §10). */
      readonly tunnel: boolean;
      /** Which data plane, which of its offloads, and on how many threads. */
      readonly plane: PlanePreference;
    };

/** @throws TunnelMeshError TM_USAGE */
export function parseArguments(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): AgentCommand {
  const { values, positionals } = parse(argv);
  const [command = "run", ...more] = positionals;
  if (more.length > 0) throw new TunnelMeshError("TM_USAGE", { detail: `one subcommand, not ${positionals.length}` });
  switch (command) {
    case "version":
      return { command };
    case "join": {
      const { name, root = "", describe = false, identity = "/etc/ssh/ssh_host_ed25519_key" } = values;
      if (describe) return { command: "describe", identity };
      if (name !== undefined && !label.test(name)) {
        throw new TunnelMeshError("TM_USAGE", { detail: "--name is a DNS label: a-z, 0-9 and hyphens" });
      }
      return { command, mesh: readMesh(values.mesh), root, name };
    }
    case "run":
    case "network-secret":
    case "repair":
    case "wrap": {
      const { mesh, root = "", "no-tunnel": noTunnel = false } = values;
      const { dataplane: backend, "dataplane-offloads": offloads, "dataplane-threads": threads } = values;
      const plane = readPlane({ backend, offloads, threads }, environment);
      return { command, mesh: readMesh(mesh), root, tunnel: !noTunnel, plane };
    }
    default:
      throw new TunnelMeshError("TM_USAGE", { detail: `unknown subcommand ${command.slice(0, 32)}` });
  }
}

function readPlane(
  flags: Parameters<typeof readPreference>[0],
  environment: Readonly<Record<string, string | undefined>>,
): PlanePreference {
  try {
    return readPreference(flags, environment);
  } catch (error) {
    throw new TunnelMeshError("TM_USAGE", { detail: error instanceof Error ? error.message : String(error) });
  }
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function readMesh(mesh = ""): string {
  if (label.test(mesh)) return mesh;
  throw new TunnelMeshError("TM_USAGE", { detail: "--mesh names the mesh" });
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        mesh: { type: "string" },
        root: { type: "string" },
        name: { type: "string" },
        identity: { type: "string" },
        describe: { type: "boolean" },
        "no-tunnel": { type: "boolean" },
        dataplane: { type: "string" },
        "dataplane-offloads": { type: "string" },
        "dataplane-threads": { type: "string" },
      },
    });
  } catch (error) {
    throw new TunnelMeshError("TM_USAGE", { detail: error instanceof Error ? error.message : String(error) });
  }
}
