// Decides, as plain data, what a deploy changes about membership: who gets a grant, who is revoked, who stays (life.md §2, §6).
import type { MemberModel } from "../../../constructs/model.ts";
import type { NodeId } from "../../../protocol/brand.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Member } from "../../../protocol/trust/member.ts";

/** A stack member whose host was reached, with the key that the SSH session proved. */
export interface ReachedMember {
  readonly member: MemberModel;
  readonly nid: NodeId;
  /** "ssh-ed25519 AAAA…" without comment. */
  readonly sshPublicKey: string;
}

export type MembershipChange =
  | {
      readonly kind: "grant";
      readonly why: "new" | "changed" | "renamed" | "replaced";
      readonly reached: ReachedMember;
      readonly before: Member | undefined;
    }
  | { readonly kind: "keep"; readonly reached: ReachedMember; readonly before: Member }
  | { readonly kind: "revoke"; readonly why: "removed" | "replaced"; readonly before: Member };

/**
 * Compares the stack with the verified view. Members that came by `add-node` or token and are not in the stack are left alone;
 * so are stack members whose host was not reached.
 * @param ci a token signs: what it has signed before is no change
 * @param stackNames every name of the stack, reached or not, from `namesOf`
 * @throws TunnelMeshError TM_DEPLOY_CLONED_HOST_KEY, TM_DEPLOY_HOST_REPLACED, TM_DEPLOY_RENAMED, TM_DEPLOY_NAME_TAKEN
 */
export function planMembership(
  members: readonly Member[],
  stackNames: ReadonlySet<string>,
  reached: readonly ReachedMember[],
  { ci }: { readonly ci: boolean } = { ci: false },
): readonly MembershipChange[] {
  refuseClones(reached);
  const byNid = new Map(members.map((member) => [member.nid, member]));
  const byName = new Map(members.map((member) => [member.name, member]));
  const changes = reached.flatMap((one) => changesOf(one, byNid.get(one.nid), byName.get(one.member.name), ci));
  const handled = new Set<NodeId>([
    ...reached.map((one) => one.nid),
    ...changes.flatMap((change) => (change.kind === "revoke" ? [change.before.nid] : [])),
  ]);
  const gone = members.filter(
    (member) => member.origin === "stack" && !stackNames.has(member.name) && !handled.has(member.nid),
  );
  return [...changes, ...gone.map((before) => ({ kind: "revoke", why: "removed", before }) as const)];
}

/**
 * Every name that the stack's members have or had: a member that is to be renamed keeps its old name until its host is reached.
 */
export function namesOf(
  stack: readonly MemberModel[],
  reached: readonly { readonly member: MemberModel }[],
): ReadonlySet<string> {
  const renamed = new Set(reached.map(({ member }) => member.name));
  return new Set(
    stack.flatMap(({ name, formerly }) => (formerly === undefined || renamed.has(name) ? [name] : [name, formerly])),
  );
}

function changesOf(
  reached: ReachedMember,
  same: Member | undefined,
  holderOfName: Member | undefined,
  ci: boolean,
): readonly MembershipChange[] {
  const { member } = reached;
  if (same !== undefined) {
    if (same.name === member.name)
      return [isAsAsked(same, member, ci) ? keep(reached, same) : grant("changed", reached, same)];
    if (member.formerly === same.name) return [grant("renamed", reached, same)];
    throw new TunnelMeshError("TM_DEPLOY_RENAMED", {
      detail: `the host of ${member.name} is a member under the name ${same.name}`,
    });
  }
  if (holderOfName === undefined) return [grant("new", reached, undefined)];
  // Whoever came by a token under this name is another machine, and no earlier one of the stack's.
  if (holderOfName.origin === "token") {
    throw new TunnelMeshError("TM_DEPLOY_NAME_TAKEN", {
      detail: `${member.name} has joined by a token`,
      advice: [`Remove it first: tm remove-node ${member.name}`, "Or give the one in the stack file another name."],
    });
  }
  if (holderOfName.via !== undefined) {
    throw new TunnelMeshError("TM_DEPLOY_NAME_TAKEN", {
      detail: `${member.name} is a WireGuard client`,
      advice: [`Remove it first: tm client remove ${member.name}`, "Or give the one in the stack file another name."],
    });
  }
  // These are made by us, and a new one takes the place of the old: a local host holds nothing that a person would miss, and no
  // droplet is made under a member's name, nor its new key believed, before somebody has said --replace.
  if (member.host.kind !== "ssh") {
    return [{ kind: "revoke", why: "replaced", before: holderOfName }, grant("replaced", reached, undefined)];
  }
  throw new TunnelMeshError("TM_DEPLOY_HOST_REPLACED", { detail: member.name });
}

function keep(reached: ReachedMember, before: Member): MembershipChange {
  return { kind: "keep", reached, before };
}

function grant(
  why: "new" | "changed" | "renamed" | "replaced",
  reached: ReachedMember,
  before: Member | undefined,
): MembershipChange {
  return { kind: "grant", why, reached, before };
}

/** What CI's token signed is the stack's too; an admin's next deploy puts a grant of its own in its place. */
function isAsAsked(before: Member, wanted: MemberModel, ci: boolean): boolean {
  return (
    (before.origin === "stack" || (ci && before.origin === "token")) &&
    equalSets(before.groups, wanted.groups) &&
    equalSets(before.routes, wanted.routes)
  );
}

function equalSets(left: readonly string[], right: readonly string[]): boolean {
  return left.toSorted().join("\n") === right.toSorted().join("\n");
}

function refuseClones(reached: readonly ReachedMember[]): void {
  const seen = new Map<NodeId, string>();
  for (const { nid, member } of reached) {
    const other = seen.get(nid);
    if (other !== undefined)
      throw new TunnelMeshError("TM_DEPLOY_CLONED_HOST_KEY", { detail: `${other} and ${member.name}` });
    seen.set(nid, member.name);
  }
}
