// Who signs, and the signed item that comes of it.
import type { signatureNamespaces } from "../constants.ts";
import type { SignedItem } from "./item.ts";
import type { SshPublicKey } from "./ssh-public-key.ts";
import { publicKeyOfSeed, signSshsig } from "./sshsig.ts";

export type SignatureNamespace = (typeof signatureNamespaces)[keyof typeof signatureNamespaces];

/** A key that can sign, wherever its private half lies. */
export interface Signer {
  readonly publicKey: SshPublicKey;
  /** Armored SSHSIG over the UTF-8 bytes of `message`. */
  sign(namespace: SignatureNamespace, message: string): Promise<string>;
}

/** A signer in this process, from a plain Ed25519 seed (32 bytes). */
export function seedSigner(seed: Uint8Array): Signer {
  return {
    publicKey: publicKeyOfSeed(seed),
    sign: async (namespace, message) => signSshsig(seed, namespace, message),
  };
}

/** Signs a body with each of `signers`, one after the other: some of them ask a person. */
export async function signItem(
  body: string,
  namespace: SignatureNamespace,
  signers: readonly Signer[],
): Promise<SignedItem> {
  const sigs: string[] = [];
  for (const signer of signers) sigs.push(await signer.sign(namespace, body));
  return { body, sigs };
}
