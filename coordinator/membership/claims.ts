// Who an item claims to be signed by, looked at before anything is verified: strangers may send what they like.
import type { DecodedBody } from "../../protocol/trust/body.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { nodeIdOf, type SshPublicKey } from "../../protocol/trust/ssh-public-key.ts";
import { SshFormatError } from "../../protocol/trust/ssh-wire.ts";
import { decodeSshsig } from "../../protocol/trust/sshsig-format.ts";
import { tokenIdOf } from "../../protocol/trust/token-keys.ts";

/**
 * Why an item cannot hold whatever its signatures are worth: its body does not read, or one of them names a key that may not
 * sign it. Undefined: they are worth verifying. A signature of a slow kind takes milliseconds, and one item has up to sixteen.
 */
export function refuseClaims(
  item: SignedItem,
  body: DecodedBody,
  { admins, tokens }: Pick<MeshView, "admins" | "tokens">,
): string | undefined {
  if (!body.ok) return body.reason;
  const { kind, value } = body.item;
  if (kind === "keys" && item.sigs.length !== 1) return "foreign-signer";
  for (const sig of item.sigs) {
    const signer = readSigner(sig);
    if (signer === undefined) return "bad-signature";
    const byToken = kind === "grant" && item.sigs.length === 1 && isToken(signer, tokens);
    const may = kind === "keys" ? nodeIdOf(signer) === value.nid : byToken || admins.includes(signer.line);
    if (!may) return "foreign-signer";
  }
  return undefined;
}

function isToken({ material }: SshPublicKey, tokens: MeshView["tokens"]): boolean {
  return material.kind === "ed25519" && tokens.has(tokenIdOf(material.point));
}

function readSigner(sig: string): SshPublicKey | undefined {
  try {
    return decodeSshsig(sig).signer;
  } catch (error) {
    if (error instanceof SshFormatError) return undefined;
    throw error;
  }
}
