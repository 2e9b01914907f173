// Applies a grant that a join token signed: within what the log says of the token, in time, and counted (life.md §2, protocol.md §6).
import { createHash } from "node:crypto";
import { cidrContains } from "../addresses/cidr.ts";
import type { NodeId } from "../brand.ts";
import { keyOf } from "./apply-grant.ts";
import type { Batch } from "./batch.ts";
import { hasExpired } from "./derive-members.ts";
import type { Grant } from "./grant.ts";
import type { HeldUse } from "./held-items.ts";
import type { VerifiedItem } from "./item-signers.ts";
import type { MeshView, TokenState } from "./member.ts";
import { nodeIdOf } from "./ssh-public-key.ts";
import type { TokenAdd } from "./token-entry.ts";
import { tokenIdOf } from "./token-keys.ts";
import { accept, type ItemRefusal, known, refuse, type Step } from "./verdict.ts";

/** A grant may come to an agent so long after its token's expiry, in seconds; later it needs a checkpoint (protocol.md §6). */
export const tokenGrace = 3600;
/** Nodes of an ephemeral token are members at most so long after its expiry, in seconds. */
export const ephemeralLimit = 30 * 24 * 3600;
/** Tokens count in a space of their own, so high that nobody gets there and far from where numbers end. */
const sequenceLimit = 1_000_000;

/** SHA-256 of a grant's body, as checkpoints list it. */
export function grantHash(body: string): string {
  return createHash("sha256").update(body, "utf8").digest("hex");
}

/** @param kept Unix seconds of first sight when the item comes from this node's own disk: it was judged in time already */
export function applyTokenGrant(
  view: MeshView,
  { item, signers }: VerifiedItem,
  grant: Grant,
  now: number,
  kept: number | undefined,
  batch: Batch,
): Step {
  const [signer] = signers;
  if (signer?.material.kind !== "ed25519" || signers.length !== 1) return refuse(view, "foreign-signer");
  const tid = tokenIdOf(signer.material.point);
  const state = view.tokens.get(tid);
  if (state === undefined) return refuse(view, "unknown-token");
  const { token } = state;
  const isSigner = Buffer.from(signer.material.point).toString("hex") === token.pub && nodeIdOf(signer) === grant.by;
  if (!isSigner) return refuse(view, "foreign-signer");
  const before = view.held.grants.get(grant.nid);
  if (before?.item.body === item.body) return known(view);
  if (!fits(token, grant)) return refuse(view, "beyond-token");
  if (!cidrContains(view.range, grant.ip4)) return refuse(view, "out-of-range");
  if (view.frozen !== undefined && kept === undefined) return refuse(view, "frozen");
  const hash = grantHash(item.body);
  const used = view.held.uses.get(tid)?.get(grant.nid);
  const seen = kept ?? (used?.hash === hash ? used.seen : now);
  const confirmed = view.checkpoint.has(hash);
  const late = refuseLate(state, seen, confirmed, kept !== undefined);
  if (late !== undefined) return refuse(view, late);
  const refusal = refusePlace(view, grant, hash, now);
  // What was accepted once counts as a use for good, also where its grant is gone by now.
  if (refusal !== undefined && kept === undefined) return refuse(view, refusal);
  const room = makeRoom(view, state, grant.nid, confirmed);
  if (room === undefined) return refuse(view, "used-up");
  const stamp = room.held.nextStamp;
  const use: HeldUse = { item, grant, hash, seen, stamp };
  const nodes = batch.set(room.held.uses.get(tid) ?? new Map<NodeId, HeldUse>(), grant.nid, use);
  const uses = batch.set(room.held.uses, tid, nodes);
  const held = { ...room.held, uses, nextStamp: stamp + 1 };
  if (refusal !== undefined || state.revoked === "nodes") return accept({ ...room, held });
  const grants = batch.set(held.grants, grant.nid, { item, grant, ...keyOf(grant), stamp, tid });
  return accept({ ...room, held: { ...held, grants } });
}

/** Whether the admins let the holder of the token grant this. */
function fits(token: TokenAdd, grant: Grant): boolean {
  const { groups, names, ip4s, ephemeral } = token;
  return (
    grant.origin === "token" &&
    grant.routes.length === 0 &&
    grant.via === undefined &&
    grant.seq <= sequenceLimit &&
    grant.groups.every((group) => groups.includes(group)) &&
    (names?.includes(grant.name) ?? true) &&
    (ip4s?.includes(grant.ip4) ?? true) &&
    (!ephemeral || (grant.exp !== 0 && grant.exp <= token.exp + ephemeralLimit))
  );
}

function refuseLate(state: TokenState, seen: number, confirmed: boolean, kept: boolean): ItemRefusal | undefined {
  if (kept || (confirmed && state.revoked !== "nodes")) return undefined;
  if (state.revoked !== "no") return "token-revoked";
  return seen > state.token.exp + tokenGrace ? "token-expired" : undefined;
}

/** A token says once who a node is; to say it again is an admin's, unless that node was let go. */
function refusePlace(view: MeshView, grant: Grant, hash: string, now: number): ItemRefusal | undefined {
  if (view.revoked.has(grant.nid)) return "revoked";
  const before = view.held.grants.get(grant.nid);
  if (before === undefined) return undefined;
  if (before.tid === undefined) return "granted-by-admin";
  const place = view.checkpoint.get(hash) ?? -1;
  const placeBefore = view.checkpoint.get(grantHash(before.item.body)) ?? -1;
  if (place !== placeBefore) return place > placeBefore ? undefined : "granted-already";
  if (!hasExpired(before.grant.exp, now)) return "granted-already";
  return grant.seq > before.grant.seq ? undefined : "older";
}

/**
 * The view with room for one more node of the token; undefined when all uses are taken. A node that an admin has confirmed
 * always has room: the one seen last among those that nobody confirmed makes it.
 */
function makeRoom(view: MeshView, { token }: TokenState, nid: NodeId, confirmed: boolean): MeshView | undefined {
  const { held, checkpoint } = view;
  const nodes = held.uses.get(token.tid) ?? new Map<NodeId, HeldUse>();
  if (nodes.has(nid) || nodes.size < token.uses) return view;
  if (!confirmed) return undefined;
  const surplus = [...nodes].filter(([, use]) => !checkpoint.has(use.hash));
  const [last] = surplus.sort(([, left], [, right]) => right.stamp - left.stamp);
  if (last === undefined) return view;
  const fewer = new Map(nodes);
  fewer.delete(last[0]);
  const grants = new Map(held.grants);
  if (grants.get(last[0])?.tid === token.tid) grants.delete(last[0]);
  return { ...view, held: { ...held, grants, uses: new Map(held.uses).set(token.tid, fewer) } };
}
