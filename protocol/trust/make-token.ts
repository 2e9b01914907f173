// A new join token: the text for the machine and the log entry for the mesh, from one seed.
import type { MeshId } from "../brand.ts";
import { encodeJoinToken, type JoinToken } from "./join-token.ts";
import { type TokenAdd, tokenAddSchema, type Wrap } from "./token-entry.ts";
import { tokenKeys } from "./token-keys.ts";

export interface NewToken extends JoinToken {
  readonly groups: readonly string[];
  readonly names?: readonly string[] | undefined;
  readonly ip4s?: readonly string[] | undefined;
  readonly ci: boolean;
  /** Each generation of the network secret, sealed to `wrapPubOf(seed, meshId)`. */
  readonly wraps: readonly Wrap[];
}

/** @throws RangeError or ZodError when a field does not fit */
export function makeToken(token: NewToken): { readonly text: string; readonly entry: TokenAdd } {
  const { meshId, seed, exp, uses, groups, names, ip4s, ephemeral, ci, wraps } = token;
  const keys = tokenKeys(seed, meshId);
  const entry = tokenAddSchema.parse({
    type: "token.add",
    tid: keys.tid,
    pub: Buffer.from(keys.pub).toString("hex"),
    wrapPub: wrapPubOf(seed, meshId),
    exp,
    uses,
    groups,
    ...(names === undefined ? {} : { names }),
    ...(ip4s === undefined ? {} : { ip4s }),
    ephemeral,
    ci,
    wraps,
  });
  return { text: encodeJoinToken(token), entry };
}

/** 64 hexadecimal digits of the X25519 key that the token's holder opens the network secret with. */
export function wrapPubOf(seed: Uint8Array, meshId: MeshId): string {
  return Buffer.from(tokenKeys(seed, meshId).wrap.publicKey).toString("hex");
}
