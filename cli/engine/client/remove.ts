// tm client remove: a stock WireGuard client is a member no more; every gateway drops it at once.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { changeMesh } from "../deploy/change-mesh.ts";
import type { RemoveClient } from "./contract.ts";
import { clientFolder, removeFolder } from "./files.ts";

/** Removes a client; see the contract. */
export const removeClient: RemoveClient = ({ name, ...context }) =>
  changeMesh(context, { phase: "Removing a client", everybody: false }, async ({ run, journal, coordinator }) => {
    const member = [...journal.view.members.values()].find((one) => one.name === name);
    if (member?.via === undefined) {
      const advice = member === undefined ? [] : [`${name} is a node: tm remove-node ${name}`];
      throw new TunnelMeshError("TM_CLIENT_UNKNOWN", { detail: name, ...(advice.length === 0 ? {} : { advice }) });
    }
    await journal.append({ type: "node.revoke", nid: member.nid, seq: member.grantSeq });
    await coordinator.release(member.nid);
    run.context.progress.row(name).done("revoked");
    const { name: mesh, stage } = run.model;
    const files = await removeFolder(clientFolder(run.context.loaded.projectFolder, stage, name));
    return { mesh, stage, name, files };
  });
