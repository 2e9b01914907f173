// A plan as CI makes it for a pull request: no host is reached, and a missing signature ends it (life.md §7).
import type { MeshModel } from "../../../constructs/model.ts";
import type { NodeId } from "../../../protocol/brand.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Member, MeshView } from "../../../protocol/trust/member.ts";
import { listTokens } from "../../../protocol/trust/token-list.ts";
import { beyondToken, type CiGrantor } from "./ci-token.ts";
import { namesOf, planMembership, type ReachedMember } from "./membership.ts";
import type { UnreachedHost } from "./reach.ts";
import type { Run } from "./run.ts";
import { knownKeys } from "./sign-known.ts";

/** Every host of the stack, as one that nobody asked. */
export function unaskedHosts({ members }: Pick<MeshModel, "members">): readonly UnreachedHost[] {
  return members.map((member) => ({ kind: "unreached", member, error: new TunnelMeshError("TM_CI_NOT_ASKED") }));
}

/** Says whether a host was left out on purpose. */
export function isUnasked({ error }: Pick<UnreachedHost, "error">): boolean {
  return error.code === "TM_CI_NOT_ASKED";
}

/** What is known of hosts that nobody asked: the members among them, under the keys of their grants. */
export function knownUnasked(unready: readonly UnreachedHost[], members: readonly Member[]): readonly ReachedMember[] {
  const unasked = unready.filter(isUnasked).map(({ member }) => member);
  const granted = new Set(members.map(({ sshPublicKey }) => sshPublicKey));
  // A key that the stack pins for a host that is no member yet says that it will come, as its name does.
  return knownKeys(unasked, members).known.filter(({ sshPublicKey }) => granted.has(sshPublicKey));
}

/**
 * Returns where some token of CI that lives would be enough, and where there is no mesh yet: whoever reviews its plan sees that all is
 * new. The token itself is not needed: what it may sign is in the log. Who came by a token is in no mesh file, so their removal is
 * refused by the deploy alone.
 * @throws TunnelMeshError TM_CI_NEEDS_ADMIN, TM_CI_TOKEN
 */
export async function refuseUnsigned({ model, home }: Pick<Run, "model" | "home">): Promise<void> {
  const { view } = await home.read();
  if (view === undefined) return;
  const tokens = liveTokens(view, Math.floor(Date.now() / 1000));
  if (tokens.length === 0)
    throw new TunnelMeshError("TM_CI_TOKEN", { detail: "the mesh's log has no token of CI that is still good" });
  const members = [...view.members.values()];
  const { known, unknown } = knownKeys(model.members, members);
  const future = model.members
    .filter(({ name }) => unknown.includes(name))
    .map((member) => ({ member, nid: `to come: ${member.name}` as NodeId, sshPublicKey: "" }));
  const reached = [...known, ...future];
  const changes = planMembership(members, namesOf(model.members, reached), reached, { ci: true });
  const [reasons = []] = tokens
    .map((token) => beyondToken(token, changes))
    .toSorted((left, right) => left.length - right.length);
  if (reasons.length > 0) throw new TunnelMeshError("TM_CI_NEEDS_ADMIN", { detail: reasons.join("; ") });
}

function liveTokens(view: MeshView, now: number): readonly CiGrantor[] {
  return listTokens(view, now).flatMap(({ tid, ci, state, usesLeft }) => {
    const token = view.tokens.get(tid)?.token;
    return ci && token !== undefined && (state === "usable" || state === "used-up") ? [{ token, usesLeft }] : [];
  });
}
