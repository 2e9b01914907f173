// Keeps meshes of the sandbox and meshes of the service apart: one mesh file never speaks of hosts in both.
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import type { EngineContext } from "../deploy/contract.ts";
import { sandboxPlace } from "../sandbox/place.ts";

/**
 * Refuses a mesh that began on the other side. A mesh without a coordinator has no hosts yet and may go either way.
 * @throws TunnelMeshError TM_SANDBOX_MESH: it is in the sandbox; TM_SANDBOX_OTHER_MESH: it is not
 */
export async function refuseOtherCloud(context: EngineContext, view: MeshView | undefined): Promise<void> {
  if (context.loaded.terraform === undefined || view?.coordinator === undefined) return;
  const there = marks(context, view.meshId).some((file) => existsSync(file));
  if (there === (context.sandbox === true)) return;
  throw new TunnelMeshError(there ? "TM_SANDBOX_MESH" : "TM_SANDBOX_OTHER_MESH", {
    detail: `${view.name}, stage ${context.loaded.stage}`,
  });
}

/** Remembers that the mesh is in the sandbox: in the project, and with the sandbox for other checkouts of it. */
export async function markSandboxMesh(context: EngineContext, meshId: string): Promise<void> {
  if (context.loaded.terraform === undefined || context.sandbox !== true) return;
  for (const file of marks(context, meshId)) {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, "", { mode: 0o600 });
  }
}

function marks({ loaded }: EngineContext, meshId: string): readonly string[] {
  return [path.join(loaded.projectFolder, ".tm/sandbox", meshId), path.join(sandboxPlace().folder, "meshes", meshId)];
}
