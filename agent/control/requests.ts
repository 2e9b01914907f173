// Answers to what tm asks over the control socket.
import { nodeIp6 } from "../../protocol/addresses/ula.ts";
import type { NodeId } from "../../protocol/brand.ts";
import type { AgentStatus } from "../../protocol/control/agent.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { listTokens } from "../../protocol/trust/token-list.ts";
import { itemsOf, keptItemsOf } from "../../protocol/trust/view.ts";
import type { Agent } from "./agent.ts";
import { clientStatus } from "./client-status.ts";
import type { RequestHandler } from "./control-socket.ts";
import { resolvePeer } from "./resolve-peer.ts";

/** @param leave asks the process to stop; the answer goes out first */
export function answerRequests(agent: Agent, startedAt: number, leave: () => void): RequestHandler {
  return async (request, signal) => {
    switch (request.method) {
      case "status":
        return statusOf(agent, startedAt);
      case "peers":
        return agent.tunnel?.peers() ?? [];
      case "items":
        return { items: itemsOf(agent.parts.map.view) };
      case "kept":
        return { items: keptItemsOf(agent.parts.map.view) };
      case "tokens":
        return { tokens: listTokens(agent.parts.map.view, agent.parts.nowUnixSeconds()) };
      case "clients": {
        const { map, identity } = agent.parts;
        const ready = (nid: NodeId): boolean => agent.clientSecrets.get(nid) !== undefined;
        return { clients: clientStatus(map.view, identity.nid, ready, agent.tunnel?.peers() ?? []) };
      }
      case "ping": {
        if (agent.tunnel === undefined) throw new TunnelMeshError("TM_AGENT_NOT_UP");
        const { map, identity } = agent.parts;
        return await agent.tunnel.ping(resolvePeer(map.view, identity.nid, request.peer), request.count, signal);
      }
      case "leave":
        setImmediate(leave);
        return {};
      default:
        return request satisfies never;
    }
  };
}

function statusOf(agent: Agent, startedAt: number): AgentStatus {
  const { configuration, identity, map, release } = agent.parts;
  const { view } = map;
  const { state, tunnel, link } = agent;
  const frozen = view.frozen !== undefined && state.kind === "up";
  const own = view.members.get(identity.nid);
  const unstarted = state.kind === "up" && tunnel === undefined;
  return {
    v: 1,
    mesh: view.name,
    meshId: view.meshId,
    nid: identity.nid,
    name: own?.name ?? identity.nid.slice(0, 32),
    ...(own?.ip4 === undefined ? {} : { ip4: own.ip4 }),
    ip6: own?.ip6 ?? nodeIp6(view.meshId, identity.publicKey.blob),
    release,
    interface: configuration.interface,
    // Member, but the interface did not come up: not up, and an alarm says why.
    state: unstarted ? "waiting-for-grant" : frozen ? "frozen" : state.kind,
    coordinator: link.status,
    head: { seq: view.head.seq, hash: view.head.hash },
    dataPlane: tunnel?.dataPlane ?? "none",
    dataPlaneThreads: tunnel?.dataPlaneThreads ?? 0,
    offloads: { ...tunnel?.offloads() },
    counters: { ...link.counters, ...tunnel?.counters() },
    alarms: [...(state.kind === "refused" ? [state.reason] : []), ...agent.alarms],
    uptime: Math.round(performance.now() - startedAt),
  };
}
