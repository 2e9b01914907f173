// The verdict on one item, and the step of a view that comes with it.
import type { BodyRefusal } from "./body.ts";
import type { SignatureRefusal } from "./item-signers.ts";
import type { MeshView } from "./member.ts";

export type ItemRefusal =
  | BodyRefusal
  | SignatureRefusal
  | "other-mesh"
  | "gap"
  | "not-chained"
  | "frozen"
  | "too-many"
  | "revoked"
  | "older"
  | "same-seq-other-content"
  | "out-of-range"
  | "unknown-token"
  | "token-revoked"
  | "token-expired"
  | "used-up"
  | "beyond-token"
  | "granted-by-admin"
  | "granted-already"
  | "bad-checkpoint"
  | "tunnel-key-of-another";

/** `known`: the view held exactly this already. `waiting`: keys that are kept until their grant arrives. */
export interface ItemVerdict {
  readonly accepted: boolean;
  readonly known: boolean;
  readonly reason?: ItemRefusal | "waiting-for-grant";
}

/** One item applied. */
export interface Step {
  readonly view: MeshView;
  readonly verdict: ItemVerdict;
}

export function accept(view: MeshView): Step {
  return { view, verdict: { accepted: true, known: false } };
}

export function known(view: MeshView): Step {
  return { view, verdict: { accepted: true, known: true } };
}

export function refuse(view: MeshView, reason: ItemRefusal): Step {
  return { view, verdict: { accepted: false, known: false, reason } };
}

/** Kept, but of no effect until the grant of its node is there. */
export function keepWaiting(view: MeshView): Step {
  return { view, verdict: { accepted: true, known: false, reason: "waiting-for-grant" } };
}
