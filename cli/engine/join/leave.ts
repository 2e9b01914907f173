// tm leave --local: takes a mesh off this machine, where an admin with a stack need not be.

import { agentStatusSchema } from "../../../protocol/control/agent.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { agentRequest } from "../install/control.ts";
import { uninstall } from "../install/uninstall.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { LeaveLocal } from "./contract.ts";
import { becomeRoot, openLocalConnection } from "./local-connection.ts";
import { type MeshHere, meshesHere } from "./meshes-here.ts";

/** Leaves and uninstalls; see the contract. The membership is the admin's to end: nobody else may sign that. */
export const leaveLocal: LeaveLocal = async ({ mesh: asked, progress, signal, interactive }) => {
  await becomeRoot(interactive, "tm leave --local");
  const connection = openLocalConnection("");
  progress.phase("Leaving");
  const { mesh } = pickMesh(await meshesHere(connection, signal), asked);
  const row = progress.row(mesh);
  row.update("uninstalling");
  const name = await ownName(connection, mesh, signal, (why) => row.update(`uninstalling; ${why}`));
  await uninstall(connection, mesh, { signal });
  row.done("uninstalled");
  return { mesh, name };
};

/** @throws TunnelMeshError TM_MEMBER_NOT_HERE, TM_MEMBER_STACK_HOST */
export function pickMesh(here: readonly MeshHere[], asked: string | undefined): MeshHere {
  const names = here.map(({ mesh }) => mesh).join(", ");
  const [first, ...others] = asked === undefined ? here : here.filter(({ mesh }) => mesh === asked);
  if (first === undefined) throw new TunnelMeshError("TM_MEMBER_NOT_HERE", { detail: asked ?? "it is in none" });
  if (others.length > 0) {
    throw new TunnelMeshError("TM_MEMBER_NOT_HERE", { detail: `it is in several, say which with --mesh: ${names}` });
  }
  if (first.coordinator) throw new TunnelMeshError("TM_MEMBER_STACK_HOST", { detail: first.mesh });
  return first;
}

/** As the mesh calls it, for the admin who ends its membership; unknown where the agent does not run. */
async function ownName(
  connection: HostConnection,
  mesh: string,
  signal: AbortSignal,
  tell: (why: string) => void,
): Promise<string | undefined> {
  const asked = await agentRequest(connection, mesh, { method: "status" }, signal).catch((error: unknown) => {
    tell(`its agent does not answer: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  });
  signal.throwIfAborted();
  return agentStatusSchema.safeParse(asked).data?.name;
}
