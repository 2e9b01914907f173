// tm client list: the stock WireGuard clients of the mesh, and what their gateways say of them.
import type { NodeId } from "../../../protocol/brand.ts";
import type { ClientStatus } from "../../../protocol/control/agent.ts";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Member, MemberClient, MeshView } from "../../../protocol/trust/member.ts";
import { askMesh } from "../deploy/known-mesh.ts";
import { deployedMesh } from "../deploy/members.ts";
import { type Run, reachedOf, withRun } from "../deploy/run.ts";
import { coordinatorOf } from "../deploy/specification.ts";
import type { ListClients, ListedClient, ListedGateway } from "./contract.ts";
import { askClients } from "./gateways.ts";
import { encodeKey } from "./keys.ts";

type Said = ReadonlyMap<NodeId, readonly ClientStatus[]>;

/** Lists the clients; see the contract. */
export const listClients: ListClients = (context) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const { name: mesh, stage } = run.model;
    const { view } = await askMesh(run, await run.reach(false, [coordinatorOf(run.model)]));
    const members = [...view.members.values()].filter(({ via }) => via !== undefined);
    const said = members.length === 0 ? new Map() : await askGateways(run, view, members);
    const clients = members.map((member) => describe(view, member, said));
    return { mesh, stage, clients: clients.toSorted((left, right) => (left.name < right.name ? -1 : 1)) };
  });

/** Those of the stack; one that does not answer is passed over. */
async function askGateways(run: Run, view: MeshView, members: readonly Member[]): Promise<Said> {
  const nids = new Set(members.flatMap(({ via }) => via ?? []));
  const names = new Set([...nids].map((nid) => view.members.get(nid)?.name));
  const wanted = run.model.members.filter(({ name }) => names.has(name));
  const said = new Map<NodeId, readonly ClientStatus[]>();
  const { signal, progress } = run.context;
  for (const host of reachedOf(await run.reach(false, wanted))) {
    try {
      const clients = await askClients(host, run.model.name, signal);
      if (clients !== undefined) said.set(host.nid, clients);
    } catch (error) {
      signal.throwIfAborted();
      if (!isTunnelMeshError(error)) throw error;
      progress.log(`${host.member.name} could not say which clients it has: ${error.message}`);
    }
  }
  return said;
}

function describe(
  view: MeshView,
  { nid, name, ip4, ip6, groups, expires, via, client }: Member,
  said: Said,
): ListedClient {
  const gateways = (via ?? []).map((gateway) =>
    gatewayOf(
      view,
      gateway,
      said.get(gateway)?.find((one) => one.nid === nid),
    ),
  );
  return {
    name,
    ...(ip4 === undefined ? {} : { ip4 }),
    ...{ ip6, publicKey: publicKeyOf(client), groups: groups.toSorted(), expires, gateways },
  };
}

function gatewayOf(view: MeshView, nid: NodeId, status: ClientStatus | undefined): ListedGateway {
  const member = view.members.get(nid);
  if (member === undefined) return { name: nid.slice(0, 16), state: "gone" };
  if (status === undefined) return { name: member.name, state: "unknown" };
  const { ready, handshakeAge } = status;
  const age = handshakeAge === undefined ? {} : { handshakeAge };
  return { name: member.name, state: ready ? "ready" : "other-key", ...age };
}

/** Empty where another member has its key. */
function publicKeyOf(client: MemberClient | undefined): string {
  return client === undefined ? "" : encodeKey(client.x25519);
}
