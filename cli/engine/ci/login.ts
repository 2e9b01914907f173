// A token of CI as an SSH key: a runner has no other one, and its public half is in the mesh's log (life.md §7).
import type { MeshView } from "../../../protocol/trust/member.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { sshString } from "../../../protocol/trust/ssh-wire.ts";
import type { TokenAdd } from "../../../protocol/trust/token-entry.ts";
import { type TokenKeys, tokenKeys } from "../../../protocol/trust/token-keys.ts";
import { stateOf } from "../../../protocol/trust/token-list.ts";
import { readToken } from "../join/token.ts";
import type { ConnectOptions } from "../ssh/connection.ts";

const type = "ssh-ed25519";

/** What hosts are offered where the text of TM_CI_TOKEN is there. @throws TunnelMeshError TM_JOIN_TOKEN */
export function heldKeysOf(text: string): NonNullable<ConnectOptions["heldKeys"]> {
  const { meshId, seed } = readToken(text);
  return [loginKey(tokenKeys(seed, meshId))];
}

function loginKey({ tid, pub, signLogin }: Pick<TokenKeys, "tid" | "pub" | "signLogin">) {
  return {
    label: `TM_CI_TOKEN (${tid})`,
    type,
    blob: blobOf(pub),
    sign: async (data: Buffer) => Buffer.concat([sshString(type), sshString(signLogin(data))]),
  };
}

/** Someone who may log in to hosts until a time. */
export interface CiLogin {
  readonly tid: string;
  /** "ssh-ed25519 AAAA…" */
  readonly line: string;
  /** Unix seconds. */
  readonly expires: number;
}

/** Whether hosts of this mesh have, or may have had, lines of CI's. */
export function hadCiTokens(view: Pick<MeshView, "tokens">): boolean {
  return [...view.tokens.values()].some(({ token }) => token.ci);
}

/** The tokens of CI that log in now; a used-up one still deploys to whoever is a member. */
export function ciLogins(view: Pick<MeshView, "tokens">, nowUnixSeconds: number): readonly CiLogin[] {
  return [...view.tokens.values()].flatMap((state) => {
    const { token } = state;
    const live = token.ci && !["revoked", "expired"].includes(stateOf(state, 0, nowUnixSeconds));
    return live ? [{ tid: token.tid, line: publicLine(token), expires: token.exp }] : [];
  });
}

function publicLine({ pub }: Pick<TokenAdd, "pub">): string {
  return parseSshPublicKey(blobOf(Buffer.from(pub, "hex"))).line;
}

function blobOf(point: Uint8Array): Buffer {
  return Buffer.concat([sshString(type), sshString(point)]);
}
