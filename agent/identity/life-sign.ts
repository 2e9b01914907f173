// When this node must show life: members by an ephemeral token are let go after a day of silence (life.md §2).
import type { NodeId } from "../../protocol/brand.ts";
import type { MeshView } from "../../protocol/trust/member.ts";

/** Four signs a day: three may be lost. */
const interval = 6 * 3600;

/** Since when the keys of this node must have been signed, in Unix seconds; 0 where nobody waits for a sign. */
export function lifeSignSince({ held, tokens }: MeshView, nid: NodeId, nowUnixSeconds: number): number {
  const tid = held.grants.get(nid)?.tid;
  const ephemeral = tid !== undefined && tokens.get(tid)?.token.ephemeral === true;
  return ephemeral ? nowUnixSeconds - interval : 0;
}
