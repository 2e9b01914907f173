// Chooses the key that signs as admin: --admin-key, else the SSH agent, else ~/.ssh (life.md §9).
import path from "node:path";
import { execa } from "execa";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { type Signer, seedSigner } from "../../../protocol/trust/signing.ts";
import { fingerprintOf, parseSshPublicKey, type SshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { isFileError, type KeyFile, listKeyFiles, readKeyFile } from "./key-files.ts";
import { keygenSigner } from "./keygen-signer.ts";

export interface SignerChoice {
  /** SSH public keys of the admins, with or without comments. */
  readonly admins: readonly string[];
  /** A private key file, or the .pub file of a key that the SSH agent holds; then nothing else is looked at. */
  readonly adminKey?: string;
  /** The user's home folder; its .ssh is searched. */
  readonly home: string;
  /** SSH_AUTH_SOCK. */
  readonly agentSocket?: string;
  /** Further folders to search after ~/.ssh: the project's keys/, where the quickstart keeps its own. */
  readonly folders?: readonly string[];
  /** False: never ask for a passphrase. True when left out. */
  readonly interactive?: boolean;
}

/**
 * Gives the first signer whose public half is in `admins`. A plain Ed25519 file signs in this process, everything else
 * through ssh-keygen.
 * @throws TunnelMeshError TM_TRUST_NOT_ADMIN, TM_TRUST_NO_ADMIN_KEY (with all that was looked at), TM_TRUST_PRIVATE_KEY, TM_SSH_KEY_FILE
 */
export async function chooseAdminSigner(choice: SignerChoice): Promise<Signer> {
  const admins = new Set(choice.admins.map((line) => parseSshPublicKey(line).line));
  if (choice.adminKey !== undefined) return givenSigner(choice.adminKey, admins, choice);
  const looked: string[] = [];
  const agentKeys = await listAgentKeys(choice.agentSocket);
  looked.push(
    choice.agentSocket === undefined
      ? "no SSH agent"
      : `SSH agent: ${agentKeys.map(fingerprintOf).join(", ") || "no keys"}`,
  );
  const inAgent = agentKeys.find((key) => admins.has(key.line));
  if (inAgent !== undefined) return agentSigner(inAgent, choice);
  for (const folder of [path.join(choice.home, ".ssh"), ...(choice.folders ?? [])]) {
    const files = await listKeyFiles(folder);
    const names = files.map(({ file, publicKey }) => `${path.basename(file)} (${fingerprintOf(publicKey)})`);
    looked.push(`${folder}: ${names.join(", ") || "no keys"}`);
    const found = files.find(({ publicKey }) => admins.has(publicKey.line));
    if (found !== undefined) return fileSigner(found, choice);
  }
  const wanted = [...admins].map((line) => fingerprintOf(parseSshPublicKey(line))).join(", ");
  throw new TunnelMeshError("TM_TRUST_NO_ADMIN_KEY", { detail: `${looked.join("; ")}; admins: ${wanted}` });
}

async function givenSigner(file: string, admins: ReadonlySet<string>, choice: SignerChoice): Promise<Signer> {
  const key = await readKeyFile(file).catch((error: unknown) => {
    if (isTunnelMeshError(error)) throw new TunnelMeshError(error.code, { detail: `${file}: ${error.detail}` });
    if (isFileError(error)) throw new TunnelMeshError("TM_SSH_KEY_FILE", { detail: error.message, cause: error });
    throw error;
  });
  if (!admins.has(key.publicKey.line)) {
    throw new TunnelMeshError("TM_TRUST_NOT_ADMIN", { detail: `${file}, ${fingerprintOf(key.publicKey)}` });
  }
  return fileSigner(key, choice);
}

function fileSigner(key: KeyFile, choice: SignerChoice): Signer {
  if (key.seed !== undefined) return seedSigner(key.seed);
  return keygenSigner({ publicKey: key.publicKey, where: { file: key.file }, ...shared(choice) });
}

function agentSigner(publicKey: SshPublicKey, choice: SignerChoice): Signer {
  return keygenSigner({ publicKey, where: "agent", ...shared(choice) });
}

function shared({ agentSocket, interactive }: SignerChoice) {
  return { interactive: interactive ?? true, ...(agentSocket === undefined ? {} : { agentSocket }) };
}

/** The keys of the agent that are of a usable kind; none when there is no agent. */
export async function listAgentKeys(agentSocket: string | undefined): Promise<readonly SshPublicKey[]> {
  if (agentSocket === undefined) return [];
  const result = await execa("ssh-add", ["-L"], {
    reject: false,
    timeout: 10_000,
    env: { SSH_AUTH_SOCK: agentSocket, LC_ALL: "C" },
  });
  if (result.exitCode !== 0) return [];
  return result.stdout.split("\n").flatMap((line) => {
    try {
      return [parseSshPublicKey(line)];
    } catch (error) {
      // Certificates and kinds that cannot sign for a mesh are no candidates.
      if (isTunnelMeshError(error)) return [];
      throw error;
    }
  });
}
