// Whether a signed item carries the signatures that its kind needs; asked before its body is read.
import { signatureNamespaces } from "../constants.ts";
import type { SignedItem } from "./item.ts";
import { nodeIdOf, type SshPublicKey } from "./ssh-public-key.ts";
import { SshFormatError } from "./ssh-wire.ts";
import { verifySshsig } from "./sshsig.ts";
import { decodeSshsig, type Sshsig } from "./sshsig-format.ts";

export type SignatureRefusal = "bad-signature" | "foreign-signer" | "signed-twice" | "too-few-signers";

/** An item whose every signature verifies, in one namespace. Whether these keys may sign it is still open. */
export interface VerifiedItem {
  readonly item: SignedItem;
  readonly namespace: "lock" | "node" | "token";
  readonly signers: readonly SshPublicKey[];
}

export type Verified =
  | { readonly ok: true; readonly verified: VerifiedItem }
  | { readonly ok: false; readonly reason: SignatureRefusal };

/** More signatures than any item may have are not looked at. */
const signatureLimit = 16;

/**
 * Verifies all signatures of an item, as an admin's ("lock@tunnelmesh"), a node's ("node@tunnelmesh") or a token's
 * ("token@tunnelmesh"). One that is broken or made twice spoils the item: else anyone could make further lines of the same body.
 * @param admins when given, an admin's item that names another signer is refused before anything is computed: whoever sends it
 * could make a verification cost up to sixteen signatures of the slowest kind
 */
export function verifyItem(item: SignedItem, admins?: readonly string[]): Verified {
  if (item.sigs.length === 0) return { ok: false, reason: "too-few-signers" };
  if (item.sigs.length > signatureLimit) return { ok: false, reason: "bad-signature" };
  const named = item.sigs.map(readSignature);
  const [namespace] = (["lock", "node", "token"] as const).filter(
    (one) => named[0]?.namespace === signatureNamespaces[one],
  );
  if (namespace === undefined) return { ok: false, reason: "bad-signature" };
  const signers = named.map((signature) => signature?.signer.line ?? "");
  const foreign = admins !== undefined && namespace === "lock" && signers.some((line) => !admins.includes(line));
  if (foreign || (namespace !== "lock" && signers.length > 1)) return { ok: false, reason: "foreign-signer" };
  return verifyAll(item, namespace);
}

/** Each signer is an admin, and there are at least `threshold`. @returns why not; undefined when all is well */
export function refuseAdmins(
  { namespace, signers }: VerifiedItem,
  admins: readonly string[],
  threshold: number,
): SignatureRefusal | undefined {
  if (namespace !== "lock") return "bad-signature";
  if (!signers.every((signer) => admins.includes(signer.line))) return "foreign-signer";
  return signers.length < threshold ? "too-few-signers" : undefined;
}

/** The one signer is the SSH key whose hash is `nid`. @returns why not; undefined when all is well */
export function refuseNode({ namespace, signers }: VerifiedItem, nid: string): SignatureRefusal | undefined {
  if (namespace !== "node") return "bad-signature";
  return signers.length === 1 && nodeIdOf(signers[0]!) === nid ? undefined : "foreign-signer";
}

function readSignature(sig: string): Sshsig | undefined {
  try {
    return decodeSshsig(sig);
  } catch (error) {
    if (error instanceof SshFormatError) return undefined;
    throw error;
  }
}

function verifyAll(item: SignedItem, namespace: VerifiedItem["namespace"]): Verified {
  const signers = new Map<string, SshPublicKey>();
  for (const sig of item.sigs) {
    const verdict = verifySshsig(sig, signatureNamespaces[namespace], item.body);
    if (!verdict.ok) return { ok: false, reason: "bad-signature" };
    if (signers.has(verdict.signer.line)) return { ok: false, reason: "signed-twice" };
    signers.set(verdict.signer.line, verdict.signer);
  }
  return { ok: true, verified: { item, namespace, signers: [...signers.values()] } };
}
