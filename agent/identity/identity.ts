// This node's identity: its SSH key, and the tunnel and control keys that follow from it (protocol.md §3).
import { readFile } from "node:fs/promises";
import type { NodeId } from "../../protocol/brand.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { type Signer, seedSigner } from "../../protocol/trust/signing.ts";
import { parseOpenSshPrivateKey } from "../../protocol/trust/ssh-private-key.ts";
import { nodeIdOf, parseSshPublicKey, type SshPublicKey } from "../../protocol/trust/ssh-public-key.ts";
import { deriveTunnelKeys, type X25519Pair } from "../../protocol/trust/tunnel-keys.ts";
import { boundKeys } from "./bound-keys.ts";
import { keygenSigner } from "./keygen-signer.ts";

export interface Identity {
  readonly nid: NodeId;
  readonly publicKey: SshPublicKey;
  readonly signer: Signer;
  readonly x25519: X25519Pair;
  readonly ctl: X25519Pair;
  /** derive: computed from a plain Ed25519 key; bind: random, kept in the agent's state. */
  readonly mode: "derive" | "bind";
}

export interface IdentityOptions {
  /** The private key file named in agent.json. */
  readonly file: string;
  /** The node id that the SSH session proved when tm installed this node. */
  readonly nid: string;
  /** Where bound keys are kept. */
  readonly boundFile: string;
}

/**
 * Loads the identity.
 * @throws TunnelMeshError TM_AGENT_IDENTITY when the key cannot be read, TM_AGENT_IDENTITY_CHANGED when it is another node's
 */
export async function loadIdentity({ file, nid, boundFile }: IdentityOptions): Promise<Identity> {
  const key = await readKey(file);
  const found = nodeIdOf(key.publicKey);
  if (found !== nid) {
    throw new TunnelMeshError("TM_AGENT_IDENTITY_CHANGED", {
      detail: `${file} is the key of node ${found.slice(0, 16)}…, installed was ${nid.slice(0, 16)}…`,
    });
  }
  if (key.seed !== undefined) {
    const signer = seedSigner(key.seed);
    return { nid: found, publicKey: key.publicKey, signer, ...deriveTunnelKeys(key.seed), mode: "derive" };
  }
  const signer = keygenSigner(file, key.publicKey);
  return { nid: found, publicKey: key.publicKey, signer, ...(await boundKeys(boundFile, found)), mode: "bind" };
}

async function readKey(file: string): Promise<{ readonly publicKey: SshPublicKey; readonly seed?: Uint8Array }> {
  try {
    const pem = await readFile(file, "latin1");
    if (!pem.includes("BEGIN OPENSSH PRIVATE KEY")) {
      // A key in PEM form, as old ssh-keygen wrote RSA: ssh-keygen signs with it, its public half lies beside it.
      return { publicKey: parseSshPublicKey(await readFile(`${file}.pub`, "utf8")) };
    }
    const key = parseOpenSshPrivateKey(pem);
    return key.kind === "ed25519" ? { publicKey: key.publicKey, seed: key.seed } : { publicKey: key.publicKey };
  } catch (error) {
    throw new TunnelMeshError("TM_AGENT_IDENTITY", { detail: file, cause: error });
  }
}
