// Finds the peer that a person means: by name, name with domain, mesh address or node id.
import type { NodeId } from "../../protocol/brand.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { MeshView } from "../../protocol/trust/member.ts";

/** @throws TunnelMeshError TM_AGENT_UNKNOWN_PEER */
export function resolvePeer(view: MeshView, own: NodeId, wanted: string): NodeId {
  const text = wanted.toLowerCase();
  const suffix = `.${view.domain}`;
  const name = text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
  for (const { nid, name: held, ip4, ip6, keys } of view.members.values()) {
    if (nid === own || keys === undefined) continue;
    if (held === name || ip4 === text || ip6 === text || nid === text) return nid;
  }
  throw new TunnelMeshError("TM_AGENT_UNKNOWN_PEER", { detail: wanted.slice(0, 64) });
}
