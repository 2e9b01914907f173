// tm client config: new configurations of a client that is there, with a new secret; its key, name and addresses stay.
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { changeMesh } from "../deploy/change-mesh.ts";
import type { ConfigureClient } from "./contract.ts";
import { clientFolder, readPrivateKey } from "./files.ts";
import { issueClient } from "./issue.ts";

/** Issues a client anew; see the contract. */
export const configureClient: ConfigureClient = ({ name, via, endpoints, out, ...context }) => {
  const also = via.length === 0 ? {} : { also: via };
  const options = { phase: "Making configurations", everybody: via.length === 0, ...also };
  return changeMesh(context, options, async (change) => {
    const { run, journal, coordinator } = change;
    const { view } = applyItems(journal.view, await coordinator.items(), Math.floor(Date.now() / 1000));
    const member = [...view.members.values()].find((one) => one.name === name);
    if (member?.client === undefined) throw new TunnelMeshError("TM_CLIENT_UNKNOWN", { detail: name });
    const { groups, expires, client, sshPublicKey } = member;
    const own = clientFolder(run.context.loaded.projectFolder, run.model.stage, name);
    const folder = out === undefined ? own : path.resolve(out);
    const privateKey = (await readPrivateKey(folder, client.x25519)) ?? (await readPrivateKey(own, client.x25519));
    const key = { publicKey: client.x25519, sshKey: parseSshPublicKey(sshPublicKey), privateKey };
    const gateways = via.length === 0 ? namesOf(view, member.via ?? []) : via;
    if (gateways.length === 0) {
      throw new TunnelMeshError("TM_CLIENT_GATEWAY", { detail: `no gateway of ${name} is a member any more` });
    }
    return await issueClient(change, view, { name, key, groups, expires, via: gateways, endpoints, folder });
  });
};

/** Those that are still members. */
function namesOf({ members }: Pick<MeshView, "members">, gateways: readonly string[]): readonly string[] {
  return [...members.values()].flatMap(({ nid, name }) => (gateways.includes(nid) ? [name] : []));
}
