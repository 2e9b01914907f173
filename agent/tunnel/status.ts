// What tm status and tm peers say about one peer.
import type { PeerStatus } from "../../protocol/control/agent.ts";
import { usable } from "../session/session.ts";
import { isStock, type Link } from "./core.ts";
import { pathStatus } from "./echo.ts";

export function peerStatus(link: Link, now: number): PeerStatus {
  const { peer, sessions, path } = link;
  const handshakes = [sessions.tunnel.establishedAt, sessions.control.establishedAt].filter((at) => at !== undefined);
  const direct = path.direct.kind === "chosen" ? path.direct.roundTrip : undefined;
  const roundTrip = direct ?? link.roundTrip;
  return {
    nid: peer.nid,
    name: peer.name,
    ...(peer.ip4 === undefined ? {} : { ip4: peer.ip4 }),
    ip6: peer.ip6,
    groups: [...peer.groups],
    session: sessionStatus(link, now),
    path: pathStatus(link),
    online: peer.online,
    ...(isStock(link) ? { client: true } : {}),
    ...(handshakes.length === 0 ? {} : { handshakeAge: now - Math.max(...handshakes) }),
    ...(roundTrip === undefined ? {} : { roundTrip }),
    received: link.received,
    sent: link.sent,
  };
}

/** Either session proves that the peer is there; data's own is made when there is data. */
function sessionStatus({ sessions }: Link, now: number): PeerStatus["session"] {
  const both = [sessions.tunnel, sessions.control];
  if (both.some((session) => usable(session, now))) return "established";
  return both.some(({ handshake }) => handshake.kind !== "none") ? "handshaking" : "idle";
}
