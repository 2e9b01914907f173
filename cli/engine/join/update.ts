// tm join --update: brings a machine that joined by itself to the release of this package, as no deploy reaches it.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { openView } from "../../../protocol/trust/view.ts";
import { refuseDowngrade } from "../deploy/downgrade.ts";
import { currentRelease } from "../deploy/release.ts";
import { waitUntilUp } from "../deploy/verify.ts";
import { executeInstall } from "../install/execute.ts";
import { readFacts } from "../install/facts.ts";
import { supportedArchitecture } from "../install/refusals.ts";
import { releaseName } from "../install/specification.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";
import type { UpdateLocal } from "./contract.ts";
import { parseMap, planAfterJoin } from "./installation.ts";
import { pickMesh } from "./leave.ts";
import { becomeRoot, openLocalConnection } from "./local-connection.ts";
import { meshesHere } from "./meshes-here.ts";

/** Updates this machine; see the contract. What a killed run left is finished by the next. */
export const updateLocal: UpdateLocal = async ({ mesh: asked, progress, signal, interactive }) => {
  await becomeRoot(interactive, "tm join --update");
  const connection = openLocalConnection("");
  progress.phase("Updating");
  const { mesh, configuration } = pickMesh(await meshesHere(connection, signal), asked);
  if (configuration === undefined) throw new TunnelMeshError("TM_MEMBER_NOT_HERE", { detail: mesh });
  const row = progress.row("this machine");
  row.update("preparing the release");
  const facts = await readFacts(connection, mesh, signal);
  const release = await currentRelease(supportedArchitecture(facts, "this machine"), (text) => row.update(text));
  refuseDowngrade([{ host: "this machine", installed: facts.installed?.release, version: release.version }]);
  const { text, range } = await readMeshFile(connection, mesh, signal);
  const plan = planAfterJoin(facts, { range, release, agent: configuration }, text);
  if (plan.changes) {
    await executeInstall(connection, plan, { progress: row, signal });
    await waitUntilUp({ name: "this machine", coordinator: false, connection }, mesh, signal);
  }
  row.done(plan.changes ? "updated" : "has this release already");
  return { mesh, release: releaseName(release), updated: plan.changes };
};

/** What the agent started from stays as it is; the range stands in its first line. */
async function readMeshFile(connection: HostConnection, mesh: string, signal: AbortSignal) {
  const { meshFile } = hostPaths(mesh);
  const text = await connection.check(`cat ${quote(meshFile)}`, { root: true, signal });
  const [genesis] = parseMap(text);
  const opened = genesis === undefined ? undefined : openView(genesis);
  if (opened?.ok !== true) throw new TunnelMeshError("TM_INSTALL_REPLY", { detail: meshFile });
  return { text, range: opened.view.range };
}
