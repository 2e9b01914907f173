// Deploying with a token in place of an admin's key: what CI may sign with it, and what it may not, told before anything is done.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import type { TokenAdd } from "../../../protocol/trust/token-entry.ts";
import { type TokenKeys, tokenKeys } from "../../../protocol/trust/token-keys.ts";
import { listTokens } from "../../../protocol/trust/token-list.ts";
import { readToken } from "../join/token.ts";
import type { MembershipChange } from "./membership.ts";

/** What a token may let in, as the log says it. */
export interface CiGrantor {
  readonly token: TokenAdd;
  readonly usesLeft: number;
}

export interface CiToken extends CiGrantor {
  readonly keys: TokenKeys;
}

/** What the text of TM_CI_TOKEN is worth in this mesh. @throws TunnelMeshError TM_CI_TOKEN, TM_JOIN_TOKEN */
export function openCiToken(text: string, view: MeshView | undefined, nowUnixSeconds: number): CiToken {
  const { meshId, seed } = readToken(text);
  if (view === undefined)
    throw new TunnelMeshError("TM_CI_TOKEN", { detail: "there is no mesh file here; is it committed?" });
  if (view.meshId !== meshId) throw new TunnelMeshError("TM_CI_TOKEN", { detail: "it is of another mesh" });
  const keys = tokenKeys(seed, meshId);
  const token = view.tokens.get(keys.tid)?.token;
  const status = listTokens(view, nowUnixSeconds).find(({ tid }) => tid === keys.tid);
  if (token === undefined || status === undefined) {
    throw new TunnelMeshError("TM_CI_TOKEN", {
      detail: `${keys.tid} is not in the mesh's log; is the mesh file committed?`,
    });
  }
  if (!token.ci) throw new TunnelMeshError("TM_CI_TOKEN", { detail: `${keys.tid} was made without --ci` });
  // A used-up one still deploys whoever is a member already.
  if (status.state === "expired" || status.state === "revoked") {
    throw new TunnelMeshError("TM_CI_TOKEN", { detail: `${keys.tid} is ${status.state}` });
  }
  return { token, keys, usesLeft: status.usesLeft };
}

/** What of `changes` an admin must sign, one sentence each; none: the token is enough. */
export function beyondToken({ token, usesLeft }: CiGrantor, changes: readonly MembershipChange[]): readonly string[] {
  const fresh = changes.filter((change) => change.kind === "grant" && change.why === "new");
  const reasons = changes.flatMap((change): readonly string[] => {
    if (change.kind === "keep") return [];
    if (change.kind === "revoke") return [`${change.before.name} is to be revoked`];
    const { name, groups, routes, role } = change.reached.member;
    if (change.why !== "new") return [`${name} is ${change.why}`];
    const foreign = groups.filter((group) => !token.groups.includes(group));
    return [
      ...(role === "coordinator" ? [`${name} is a new coordinator`] : []),
      ...(routes.length === 0 ? [] : [`${name} carries routes`]),
      ...foreign.map((group) => `${name} is in ${group}, which the token has not`),
      ...(token.names?.includes(name) === false ? [`the token is not for the name ${name}`] : []),
    ];
  });
  if (fresh.length <= usesLeft) return reasons;
  return [...reasons, `${fresh.length} new members, and the token has ${usesLeft} uses left`];
}
