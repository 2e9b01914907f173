// Stops a deploy or a plan of CI that needs an admin's signature, before anything is applied (life.md §7).
import type { MemberModel } from "../../../constructs/model.ts";
import type { NodeId } from "../../../protocol/brand.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { beyondToken } from "./ci-token.ts";
import type { PreparedHost } from "./hosts.ts";
import { askMesh } from "./known-mesh.ts";
import { namesOf, planMembership } from "./membership.ts";
import type { Run } from "./run.ts";
import { coordinatorUrl } from "./specification.ts";

/**
 * Returns where no TM_CI_TOKEN signs.
 * @param toCome members whose hosts will be made
 * @throws TunnelMeshError TM_CI_NEEDS_ADMIN with all that needs one, TM_CI_TOKEN
 */
export async function refuseBeyondToken(
  run: Run,
  prepared: readonly PreparedHost[],
  toCome: readonly MemberModel[] = [],
): Promise<void> {
  const ci = await run.ci();
  if (ci === undefined) return;
  const { view } = await askMesh(run, prepared);
  // Their keys do not exist yet: whatever they will be, they are nobody's so far.
  const future = toCome.map((member) => ({ member, nid: `to come: ${member.name}` as NodeId, sshPublicKey: "" }));
  const reached = [...prepared, ...future];
  const names = namesOf(run.model.members, reached);
  const reasons = [
    ...beyondToken(ci, planMembership([...view.members.values()], names, reached, { ci: true })),
    ...coordinatorReasons(prepared, view.coordinator?.urls),
    ...toCome.filter(({ role }) => role === "coordinator").map(({ name }) => `the coordinator's host ${name} is new`),
  ];
  if (reasons.length > 0) throw new TunnelMeshError("TM_CI_NEEDS_ADMIN", { detail: reasons.join("; ") });
}

function coordinatorReasons(prepared: readonly PreparedHost[], urls: readonly string[] | undefined): readonly string[] {
  const hub = prepared.find(({ member }) => member.role === "coordinator");
  if (hub === undefined) return [];
  const { address, viaProxy } = hub.connection;
  const url = coordinatorUrl(hub.member, address, viaProxy);
  if (!hub.facts.coordinatorInstalled || urls === undefined) return ["the coordinator is new"];
  return url !== undefined && urls.join() !== url ? [`the coordinator moves to ${url}`] : [];
}
