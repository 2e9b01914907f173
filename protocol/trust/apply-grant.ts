// Applies an admin's grant to a view: signed by admins, newer than what is held, not revoked (life.md §2).
import { cidrContains } from "../addresses/cidr.ts";
import type { Batch } from "./batch.ts";
import { hasExpired } from "./derive-members.ts";
import type { Grant } from "./grant.ts";
import type { HeldGrant } from "./held-items.ts";
import { refuseAdmins, type VerifiedItem } from "./item-signers.ts";
import type { MeshView } from "./member.ts";
import { nodeIdOf, parseSshPublicKey } from "./ssh-public-key.ts";
import { mapToX25519 } from "./tunnel-keys.ts";
import { accept, known, refuse, type Step } from "./verdict.ts";

/** Applies one grant whose signatures verify. One of a token gives way to it whatever their seqs: the token chose its own. */
export function applyGrant(
  view: MeshView,
  verified: VerifiedItem,
  grant: Grant,
  nowUnixSeconds: number,
  batch: Batch,
): Step {
  const { held } = view;
  const { item, signers } = verified;
  const refusal = refuseAdmins(verified, view.admins, view.threshold);
  if (refusal !== undefined) return refuse(view, refusal);
  const before = held.grants.get(grant.nid);
  if (before?.item.body === item.body) return known(view);
  if (grant.seq <= (view.revoked.get(grant.nid) ?? 0)) return refuse(view, "revoked");
  const newest = before?.tid === undefined ? before?.grant.seq : undefined;
  if (newest !== undefined && grant.seq < newest) return refuse(view, "older");
  if (!signers.some((signer) => nodeIdOf(signer) === grant.by)) return refuse(view, "foreign-signer");
  if (newest === grant.seq) return refuse(view, "same-seq-other-content");
  if (!cidrContains(view.range, grant.ip4)) return refuse(view, "out-of-range");
  if (view.frozen !== undefined) return refuse(view, "frozen");
  const keepsPlace =
    before !== undefined &&
    before.grant.name === grant.name &&
    before.grant.ip4 === grant.ip4 &&
    !hasExpired(before.grant.exp, nowUnixSeconds);
  const key = before === undefined ? keyOf(grant) : { blob: before.blob, mapped: before.mapped };
  const stamp = keepsPlace ? before.stamp : held.nextStamp;
  const grants = batch.set(held.grants, grant.nid, { item, grant, ...key, stamp, tid: undefined });
  return accept({ ...view, held: { ...held, grants, nextStamp: held.nextStamp + 1 } });
}

/** The key of a grant, decoded. */
export function keyOf(grant: Grant): Pick<HeldGrant, "blob" | "mapped"> {
  const key = parseSshPublicKey(grant.sshPub);
  const map = mapToX25519(key);
  return { blob: key.blob, mapped: map.ok ? map.x25519 : undefined };
}
