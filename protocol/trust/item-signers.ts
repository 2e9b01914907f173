// Whether a signed item carries the signatures that its kind needs.
import { signatureNamespaces } from "../constants.ts";
import type { SignedItem } from "./item.ts";
import { nodeIdOf, type SshPublicKey } from "./ssh-public-key.ts";
import { verifySshsig } from "./sshsig.ts";

export type SignatureRefusal = "bad-signature" | "foreign-signer" | "signed-twice" | "too-few-signers";
export type Signers =
  | { readonly ok: true; readonly signers: readonly SshPublicKey[] }
  | { readonly ok: false; readonly reason: SignatureRefusal };

/**
 * Admin signatures: every one verifies, each is of another admin, and there are at least `threshold`. One foreign or broken
 * signature spoils the item: else anyone could make further lines of the same body.
 */
export function verifyAdmins(item: SignedItem, admins: readonly string[], threshold: number): Signers {
  const signers = new Map<string, SshPublicKey>();
  for (const sig of item.sigs) {
    const verdict = verifySshsig(sig, signatureNamespaces.lock, item.body);
    if (!verdict.ok) return { ok: false, reason: "bad-signature" };
    if (!admins.includes(verdict.signer.line)) return { ok: false, reason: "foreign-signer" };
    if (signers.has(verdict.signer.line)) return { ok: false, reason: "signed-twice" };
    signers.set(verdict.signer.line, verdict.signer);
  }
  if (signers.size < threshold) return { ok: false, reason: "too-few-signers" };
  return { ok: true, signers: [...signers.values()] };
}

/** The one signature of a node over its keys: made by the SSH key whose hash is `nid`. */
export function verifyNode(item: SignedItem, nid: string): Signers {
  const [sig, ...more] = item.sigs;
  if (sig === undefined || more.length > 0) return { ok: false, reason: "signed-twice" };
  const verdict = verifySshsig(sig, signatureNamespaces.node, item.body);
  if (!verdict.ok) return { ok: false, reason: "bad-signature" };
  if (nodeIdOf(verdict.signer) !== nid) return { ok: false, reason: "foreign-signer" };
  return { ok: true, signers: [verdict.signer] };
}
