// Finds the public keys that could sign for a new mesh: those of the SSH agent and of ~/.ssh.
import { readdir } from "node:fs/promises";
import path from "node:path";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { fingerprintOf, type SshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { listAgentKeys } from "../trust/admin-signer.ts";
import { isFileError, readKeyFile } from "../trust/key-files.ts";

/** A key that could become the admin's. */
export interface KeyCandidate {
  readonly publicKey: SshPublicKey;
  /** File it was found in; undefined for one that only the agent has. */
  readonly file: string | undefined;
  /** Says whether the SSH agent holds it. */
  readonly inAgent: boolean;
}

const folderLimit = 512;

/** What the agent holds first, then what lies in ~/.ssh; each key once. */
export async function findAdminKeys(home: string, agentSocket: string | undefined): Promise<readonly KeyCandidate[]> {
  const folder = path.join(home, ".ssh");
  const names = await readdir(folder).catch((error: unknown) => {
    if (isFileError(error)) return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith(".pub")).toSorted();
  const read = await Promise.all(files.slice(0, folderLimit).map((name) => tryKey(path.join(folder, name))));
  const inFiles = read.filter((key) => key !== undefined);
  const inAgent = await listAgentKeys(agentSocket);
  const all = [...inAgent.map((publicKey) => ({ publicKey, file: undefined, inAgent: true })), ...inFiles];
  const byLine = new Map<string, KeyCandidate>();
  for (const key of all) {
    const known = byLine.get(key.publicKey.line);
    byLine.set(key.publicKey.line, known === undefined ? key : { ...known, file: known.file ?? key.file });
  }
  return [...byLine.values()];
}

/** The key of --admin-key: the file of a public key, or of a private one. @throws TunnelMeshError TM_INIT_KEY_FILE */
export async function readAdminKey(file: string): Promise<KeyCandidate> {
  try {
    const { publicKey } = await readKeyFile(file);
    if (publicKey.comment !== "") return { publicKey, file, inAgent: false };
    // Who it belongs to may stand in the file beside it alone.
    const beside = file.endsWith(".pub") ? undefined : await tryKey(`${file}.pub`);
    return {
      publicKey: beside?.publicKey.line === publicKey.line ? beside.publicKey : publicKey,
      file,
      inAgent: false,
    };
  } catch (error) {
    if (!isTunnelMeshError(error) && !isFileError(error)) throw error;
    const why = isTunnelMeshError(error) ? (error.detail ?? error.code) : error.message;
    throw new TunnelMeshError("TM_INIT_KEY_FILE", { detail: `${file}: ${why}`, cause: error });
  }
}

/** "ssh-ed25519 SHA256:… alice@laptop (~/.ssh/id_ed25519.pub)" */
export function describeKey({ publicKey, file }: KeyCandidate): string {
  const comment = publicKey.comment === "" ? "" : ` ${publicKey.comment}`;
  return `${publicKey.type} ${fingerprintOf(publicKey)}${comment} (${file ?? "SSH agent"})`;
}

async function tryKey(file: string): Promise<KeyCandidate | undefined> {
  try {
    return { publicKey: (await readKeyFile(file)).publicKey, file, inAgent: false };
  } catch (error) {
    // Certificates, DSA keys, folders: whatever is no usable key is not a candidate.
    if (isTunnelMeshError(error) || isFileError(error)) return undefined;
    throw error;
  }
}
