// The agent's subcommands around joining: secrets come on standard input, one line of JSON goes out.
import os from "node:os";
import { parseMeshId } from "../../protocol/brand.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { isUsableX25519 } from "../../protocol/trust/curve-points.ts";
import { agentFiles, readConfiguration } from "../control/agent-files.ts";
import { describeMesh } from "./describe.ts";
import { joinMesh } from "./join.ts";
import { readLine, readToken } from "./read-token.ts";
import { wrapForToken } from "./take-secret.ts";

type Input = AsyncIterable<Buffer | string>;
const unixSeconds = (): number => Math.floor(Date.now() / 1000);

/** Token on `input`; gives `MeshDescription`. */
export async function describeCommand(input: Input, identity: string, release: string): Promise<unknown> {
  return await describeMesh(await readToken(input), identity, release, unixSeconds());
}

/** Token on `input`; gives `JoinResult`. */
export async function joinCommand(
  input: Input,
  { mesh, root, name }: { readonly mesh: string; readonly root: string; readonly name: string | undefined },
  release: string,
): Promise<unknown> {
  const token = await readToken(input);
  const files = agentFiles(mesh, root);
  const wanted = { text: name ?? labelOf(os.hostname()), exact: name !== undefined };
  return await joinMesh({ token, mesh, files, name: wanted, release, nowUnixSeconds: unixSeconds() });
}

/** X25519 public key in hexadecimal digits on `input`; gives the host's network secret, sealed to it. */
export async function wrapCommand(
  input: Input,
  { mesh, root }: { readonly mesh: string; readonly root: string },
): Promise<unknown> {
  const text = (await readLine(input, 128)).trim();
  const key = Uint8Array.from(Buffer.from(text, "hex"));
  if (!/^[0-9a-f]{64}$/.test(text) || !isUsableX25519(key)) {
    throw new TunnelMeshError("TM_USAGE", {
      detail: "a public key of 64 hexadecimal digits is expected on standard input",
    });
  }
  const files = agentFiles(mesh, root);
  const { meshId } = await readConfiguration(files.configuration, mesh);
  return { wraps: await wrapForToken(files.networkSecret, parseMeshId(meshId), key) };
}

/** The first label of a host's name in the form that names in a mesh have. */
export function labelOf(hostname: string): string {
  const [first = ""] = hostname.toLowerCase().split(".");
  const label = first
    .replace(/[^a-z0-9-]/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return label === "" ? "node" : label;
}
