// Finds SSH keys in files: what a file holds, and what a folder such as ~/.ssh offers.
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { parseOpenSshPrivateKey } from "../../../protocol/trust/ssh-private-key.ts";
import { parseSshPublicKey, type SshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";

/** A key that was found. `seed` is there for plain Ed25519 files only. */
export interface KeyFile {
  readonly file: string;
  readonly publicKey: SshPublicKey;
  readonly seed?: Uint8Array;
}

const fileLimit = 64 * 1024;
const folderLimit = 512;

/**
 * Reads one private key file. For formats other than OpenSSH's own, the .pub file beside it says whose it is. A .pub file
 * stands for a key that the SSH agent holds or that lies beside it.
 * @throws TunnelMeshError TM_TRUST_PRIVATE_KEY, TM_TRUST_PUBLIC_KEY; Error of node:fs
 */
export async function readKeyFile(file: string): Promise<KeyFile> {
  const text = await readSmall(file);
  if (file.endsWith(".pub")) return { file, publicKey: parseSshPublicKey(text) };
  if (/^\s*-----BEGIN (?!OPENSSH)[A-Z ]*PRIVATE KEY-----/.test(text)) {
    return { file, publicKey: parseSshPublicKey(await readSmall(`${file}.pub`)) };
  }
  const key = parseOpenSshPrivateKey(text);
  return { file, publicKey: key.publicKey, ...(key.kind === "ed25519" ? { seed: key.seed } : {}) };
}

/** The private keys of a folder, by name; what cannot be read or is no key is left out. A missing folder has none. */
export async function listKeyFiles(folder: string): Promise<readonly KeyFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isFileError(error)) return [];
    throw error;
  });
  const files = names.filter((name) => !name.endsWith(".pub")).sort();
  const keys = await Promise.all(files.slice(0, folderLimit).map((name) => tryKeyFile(path.join(folder, name))));
  return keys.filter((key) => key !== undefined);
}

async function tryKeyFile(file: string): Promise<KeyFile | undefined> {
  try {
    return await readKeyFile(file);
  } catch (error) {
    // known_hosts, config, folders, DSA keys: whatever is no usable key is not a candidate.
    if (isTunnelMeshError(error) || isFileError(error)) return undefined;
    throw error;
  }
}

async function readSmall(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > fileLimit) return "";
  return readFile(file, "latin1");
}

/** Says whether node:fs gave `error`. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}
