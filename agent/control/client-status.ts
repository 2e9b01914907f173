// What tm is told of the stock clients of this gateway.
import type { NodeId } from "../../protocol/brand.ts";
import type { ClientStatus, PeerStatus } from "../../protocol/control/agent.ts";
import type { MeshView } from "../../protocol/trust/member.ts";

/** One for each client whose grant names `own`. `ready` says whether its secret opened here. */
export function clientStatus(
  view: Pick<MeshView, "members">,
  own: NodeId,
  ready: (client: NodeId) => boolean,
  peers: readonly PeerStatus[],
): readonly ClientStatus[] {
  const mine = [...view.members.values()].filter(({ client }) => client?.wraps.has(own) === true);
  return mine.map(({ nid, name, grantSeq: seq }) => {
    const peer = peers.find((one) => one.nid === nid);
    return {
      nid,
      name,
      seq,
      ready: ready(nid),
      path: peer?.path ?? { kind: "none" },
      ...(peer?.handshakeAge === undefined ? {} : { handshakeAge: peer.handshakeAge }),
      received: peer?.received ?? 0,
      sent: peer?.sent ?? 0,
    };
  });
}
