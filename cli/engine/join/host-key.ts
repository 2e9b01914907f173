// The SSH host key that this machine is known by: the one it has, else one of its own for the mesh.
import { readFile } from "node:fs/promises";
import type { NodeId } from "../../../protocol/brand.ts";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { nodeIdOf, parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";

export interface MachineKey {
  /** The private half, which only root and the agent read. */
  readonly file: string;
  /** "ssh-ed25519 AAAA…", without comment. */
  readonly line: string;
  readonly nid: NodeId;
}

/** In the order in which an SSH session would prefer them, so that both ways into a mesh find the same identity. */
const names = ["ed25519", "ecdsa", "rsa"].map((kind) => `ssh_host_${kind}_key`);

/** The machine's own host key; undefined where it has none, as a laptop without sshd. @throws Error of node:fs */
export async function findMachineKey(folder = "/etc/ssh"): Promise<MachineKey | undefined> {
  for (const name of names) {
    const file = `${folder}/${name}`;
    const text = await readFile(`${file}.pub`, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    const key = text === undefined ? undefined : parseOrSkip(text);
    if (key !== undefined) return { file, line: key.line, nid: nodeIdOf(key) };
  }
  return undefined;
}

/** One that the mesh cannot use, or that is damaged, is passed over for the next. */
function parseOrSkip(text: string) {
  try {
    return parseSshPublicKey(text);
  } catch (error) {
    if (isTunnelMeshError(error)) return undefined;
    throw error;
  }
}

/** The mesh's own identity for a machine that has no host key; kept with the mesh's configuration, and gone with it. */
export async function makeMachineKey(
  connection: Pick<HostConnection, "check">,
  mesh: string,
  signal: AbortSignal,
): Promise<MachineKey> {
  const { configuration } = hostPaths(mesh);
  const file = `${configuration}/identity`;
  const script = `set -e; umask 077
mkdir -p ${quote(configuration)}; chmod 755 /etc/tunnelmesh ${quote(configuration)}
[ -f ${quote(file)} ] || { ssh-keygen -q -t ed25519 -N '' -C ${quote(mesh)} -f ${quote(`${file}.new`)} <&-
  mv -f ${quote(`${file}.new.pub`)} ${quote(`${file}.pub`)}; mv -f ${quote(`${file}.new`)} ${quote(file)}; }
cat ${quote(`${file}.pub`)}`;
  const key = parseSshPublicKey(await connection.check(script, { root: true, signal }));
  return { file, line: key.line, nid: nodeIdOf(key) };
}
