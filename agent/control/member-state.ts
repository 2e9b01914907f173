// What this node is in its own map: the one decision that brings the tunnel up or takes it down.
import type { Ipv4Address, Ipv6Address, NodeId } from "../../protocol/brand.ts";
import type { MeshView } from "../../protocol/trust/member.ts";

/**
 * waiting-for-grant: no valid grant of this node is known. refused: its grant was revoked, or the map is older than what this
 * node has seen. up: it is a member, under these addresses.
 */
export type MemberState =
  | { readonly kind: "waiting-for-grant" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "up"; readonly name: string; readonly ip4: Ipv4Address | undefined; readonly ip6: Ipv6Address };

/** @param behind why the map must not be acted upon, if so */
export function memberState(view: MeshView, nid: NodeId, behind: string | undefined): MemberState {
  if (behind !== undefined) return { kind: "refused", reason: behind };
  const own = view.members.get(nid);
  if (own !== undefined) return { kind: "up", name: own.name, ip4: own.ip4, ip6: own.ip6 };
  if (view.revoked.has(nid))
    return {
      kind: "refused",
      reason: "an admin has removed this node, and only an admin brings it back (stack file or tm add-node)",
    };
  return { kind: "waiting-for-grant" };
}
