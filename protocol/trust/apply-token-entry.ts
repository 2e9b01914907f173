// What the entries about tokens and checkpoints do to a view.
import type { NodeId } from "../brand.ts";
import type { CheckpointEntry } from "./checkpoint-entry.ts";
import type { HeldGrant } from "./held-items.ts";
import type { MeshView } from "./member.ts";
import { merkleRoot } from "./merkle.ts";
import type { TokenAdd, TokenRevoke } from "./token-entry.ts";

/** A token that the log has already stays as it was. */
export function addToken(view: MeshView, token: TokenAdd): MeshView {
  if (view.tokens.has(token.tid)) return view;
  return { ...view, tokens: new Map(view.tokens).set(token.tid, { token, revoked: "no" }) };
}

/** Ends a token. With `nodes`, those that still are members by its word alone are let go. */
export function revokeToken(view: MeshView, { tid, nodes }: TokenRevoke): MeshView {
  const state = view.tokens.get(tid);
  if (state === undefined || state.revoked === "nodes") return view;
  const tokens = new Map(view.tokens).set(tid, { ...state, revoked: nodes ? "nodes" : "token" } as const);
  if (!nodes) return { ...view, tokens };
  const grants = new Map<NodeId, HeldGrant>([...view.held.grants].filter(([, grant]) => grant.tid !== tid));
  return { ...view, tokens, held: { ...view.held, grants } };
}

/** The set after a checkpoint; undefined when its root is not that set's. */
export function nextCheckpoint(
  before: ReadonlyMap<string, number>,
  { root, delta }: Pick<CheckpointEntry, "root" | "delta">,
): ReadonlyMap<string, number> | undefined {
  const next = new Map(before);
  for (const hash of delta.remove) if (!next.delete(hash)) return undefined;
  let place = Math.max(0, ...before.values());
  for (const hash of delta.add) {
    if (next.has(hash)) return undefined;
    place += 1;
    next.set(hash, place);
  }
  return merkleRoot([...next.keys()]) === root ? next : undefined;
}
