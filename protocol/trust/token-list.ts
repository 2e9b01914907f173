// What a view says about its join tokens, and the checkpoint that would confirm who came by them.
import type { TokenStatus } from "../control/tokens.ts";
import type { CheckpointEntry } from "./checkpoint-entry.ts";
import { checkpointDeltaLimit } from "./checkpoint-entry.ts";
import { hasExpired } from "./derive-members.ts";
import type { MeshView, TokenState } from "./member.ts";
import { merkleRoot } from "./merkle.ts";

/** Every token of the log, oldest first, with who came by it. */
export function listTokens(view: MeshView, nowUnixSeconds: number): TokenStatus[] {
  return [...view.tokens.values()].map((state) => {
    const { tid, exp, uses, groups, names, ip4s, ephemeral, ci } = state.token;
    const nodes = [...(view.held.uses.get(tid) ?? [])].toSorted(([, left], [, right]) => left.stamp - right.stamp);
    return {
      tid,
      state: stateOf(state, nodes.length, nowUnixSeconds),
      expires: exp,
      uses,
      usesLeft: Math.max(0, uses - nodes.length),
      groups: [...groups],
      ...(names === undefined ? {} : { names: [...names] }),
      ...(ip4s === undefined ? {} : { ip4s: [...ip4s] }),
      ephemeral,
      ci,
      used: nodes.map(([nid, { grant, seen }]) => {
        const member = view.members.get(nid);
        return { nid, name: member?.name ?? grant.name, seen, member: member !== undefined };
      }),
    };
  });
}

/** Whether somebody new can join by it at this moment, and why not. */
export function stateOf({ token, revoked }: TokenState, used: number, nowUnixSeconds: number): TokenStatus["state"] {
  if (revoked !== "no") return "revoked";
  if (nowUnixSeconds >= token.exp) return "expired";
  return used >= token.uses ? "used-up" : "usable";
}

/**
 * The log entries that bring the checkpoint in line with the token-signed grants in force in `view`, in the order of first
 * sight; none when nothing changed. What the checkpoint lists and this view has never seen stays: it may just not have arrived
 * here, and a listed grant that was revoked stays revoked. Apply each before the next is signed: they are chained.
 */
export function nextCheckpoints(view: MeshView, nowUnixSeconds: number): CheckpointEntry[] {
  const inForce = [...view.held.grants.values()]
    .filter(({ tid, grant }) => tid !== undefined && !hasExpired(grant.exp, nowUnixSeconds))
    .toSorted((left, right) => left.stamp - right.stamp)
    .flatMap(({ tid, grant }) => view.held.uses.get(tid ?? "")?.get(grant.nid)?.hash ?? []);
  const now = new Set(inForce);
  let add = inForce.filter((hash) => !view.checkpoint.has(hash));
  const seen = new Set([...view.held.uses.values()].flatMap((nodes) => [...nodes.values()].map(({ hash }) => hash)));
  let remove = [...view.checkpoint.keys()].filter((hash) => seen.has(hash) && !now.has(hash));
  const set = new Set(view.checkpoint.keys());
  const entries: CheckpointEntry[] = [];
  while (add.length > 0 || remove.length > 0) {
    const delta = { add: add.slice(0, checkpointDeltaLimit), remove: remove.slice(0, checkpointDeltaLimit) };
    for (const hash of delta.remove) set.delete(hash);
    for (const hash of delta.add) set.add(hash);
    entries.push({ type: "checkpoint", root: merkleRoot([...set]), delta });
    add = add.slice(checkpointDeltaLimit);
    remove = remove.slice(checkpointDeltaLimit);
  }
  return entries;
}
