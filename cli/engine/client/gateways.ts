// The gateways that a client is to come by: members with keys, on a release that knows clients, where clients can find them.
import { setTimeout as delay } from "node:timers/promises";
import { type ClientStatus, clientsReplySchema } from "../../../protocol/control/agent.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Member, MemberKeys, MeshView } from "../../../protocol/trust/member.ts";
import type { HostOutcome, ReachedHost } from "../deploy/reach.ts";
import { agentRequest } from "../install/control.ts";
import { endpointOf } from "./endpoint.ts";

export interface Gateway {
  readonly member: Member & { readonly keys: MemberKeys };
  readonly endpoint: string;
  /** Undefined where it is not in the stack. */
  readonly host: ReachedHost | undefined;
}

const patience = 15_000;
const interval = 300;

/** The members of these names. @throws TunnelMeshError TM_CLIENT_GATEWAY, TM_CLIENT_NO_ENDPOINT, or why one was not reached */
export function chooseGateways(
  view: Pick<MeshView, "members">,
  names: readonly string[],
  outcomes: readonly HostOutcome[],
  endpoints: Readonly<Record<string, string>>,
): readonly Gateway[] {
  return [...new Set(names)].map((name) => {
    const member = [...view.members.values()].find((one) => one.name === name);
    if (member === undefined) throw new TunnelMeshError("TM_CLIENT_GATEWAY", { detail: `${name} is no member` });
    if (member.via !== undefined)
      throw new TunnelMeshError("TM_CLIENT_GATEWAY", { detail: `${name} is a client itself` });
    const { keys } = member;
    if (keys === undefined)
      throw new TunnelMeshError("TM_CLIENT_GATEWAY", { detail: `${name} has not signed keys yet` });
    const outcome = outcomes.find((one) => one.member.name === name);
    if (outcome?.kind === "unreached") throw outcome.error;
    const host = outcome?.kind === "reached" ? outcome : undefined;
    const where = host && {
      address: host.connection.address,
      viaProxy: host.connection.viaProxy,
      local: host.member.host.kind === "local",
    };
    const given = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
    return { member: { ...member, keys }, endpoint: endpointOf(name, where, given), host };
  });
}

/** What a gateway's agent says of its clients; undefined when its release does not know any. @throws TunnelMeshError */
export async function askClients(
  { connection }: ReachedHost,
  mesh: string,
  signal: AbortSignal,
): Promise<readonly ClientStatus[] | undefined> {
  try {
    return clientsReplySchema.parse(await agentRequest(connection, mesh, { method: "clients" }, signal)).clients;
  } catch (error) {
    if (isTunnelMeshError(error) && error.code === "TM_INSTALL_REFUSED") return undefined;
    throw error;
  }
}

/** @throws TunnelMeshError TM_CLIENT_OLD_RELEASE naming those whose release does not know clients */
export async function checkKnowledge(hosts: readonly ReachedHost[], mesh: string, signal: AbortSignal): Promise<void> {
  const asked = await Promise.all(hosts.map(async (host) => ({ host, clients: await askClients(host, mesh, signal) })));
  const old = asked.filter(({ clients }) => clients === undefined).map(({ host }) => host.member.name);
  if (old.length > 0) throw new TunnelMeshError("TM_CLIENT_OLD_RELEASE", { detail: [...new Set(old)].join(", ") });
}

/** Waits until every gateway that can be asked takes the client by its newest grant. @returns names of those that did not say so in time */
export async function waitUntilReady(
  gateways: readonly Gateway[],
  client: Pick<Member, "nid" | "grantSeq">,
  mesh: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const end = performance.now() + patience;
  const settled = await Promise.all(
    gateways.map(async ({ member, host }) => {
      while (host !== undefined) {
        const clients = (await askClients(host, mesh, signal)) ?? [];
        if (clients.some(({ nid, seq, ready }) => nid === client.nid && seq >= client.grantSeq && ready)) return [];
        if (performance.now() > end) break;
        await delay(interval, undefined, { signal });
      }
      return [member.name];
    }),
  );
  return settled.flat();
}
