// Applies keys to a view: signed by the node itself, newer than what is held (life.md §2).
import type { X25519PublicKey } from "../brand.ts";
import type { Batch } from "./batch.ts";
import { refuseNode, type VerifiedItem } from "./item-signers.ts";
import type { Keys } from "./keys.ts";
import type { MeshView } from "./member.ts";
import { accept, keepWaiting, known, refuse, type Step } from "./verdict.ts";

/** Keys kept of nodes that have no grant: anybody can sign such, so they are few. */
export const waitingLimit = 1024;

/** Applies one item of keys whose signatures verify. */
export function applyKeys(view: MeshView, verified: VerifiedItem, keys: Keys, batch: Batch): Step {
  const { held } = view;
  const { item } = verified;
  const refusal = refuseNode(verified, keys.nid);
  if (refusal !== undefined) return refuse(view, refusal);
  const before = held.keys.get(keys.nid);
  if (before?.item.body === item.body) return known(view);
  if (before !== undefined && keys.seq < before.keys.seq) return refuse(view, "older");
  if (before?.keys.seq === keys.seq) return refuse(view, "same-seq-other-content");
  if (view.frozen !== undefined) return refuse(view, "frozen");
  const waits = !held.grants.has(keys.nid);
  if (waits && before === undefined && countWaiting(view) >= waitingLimit) return refuse(view, "too-many");
  const same = before?.keys.x25519 === keys.x25519 && before.keys.ctl === keys.ctl;
  const stamp = same ? before.stamp : held.nextStamp;
  const one = { item, keys, x25519: bytesOf(keys.x25519), ctl: bytesOf(keys.ctl), stamp };
  const next = {
    ...view,
    held: { ...held, keys: batch.set(held.keys, keys.nid, one), nextStamp: held.nextStamp + 1 },
  };
  return waits ? keepWaiting(next) : accept(next);
}

function countWaiting(view: MeshView): number {
  let count = 0;
  for (const nid of view.held.keys.keys()) if (!view.held.grants.has(nid)) count += 1;
  return count;
}

function bytesOf(hex: string): X25519PublicKey {
  return Uint8Array.from(Buffer.from(hex, "hex")) as X25519PublicKey;
}
