// Who the policy speaks of before and after a deploy: members of the stack, members that came otherwise, and stock clients.
import type { MeshModel } from "../../../constructs/model.ts";
import { cidrContains, cidrsOverlap } from "../../../protocol/addresses/cidr.ts";
import { parseCidr } from "../../../protocol/addresses/parse.ts";
import { meshUla } from "../../../protocol/addresses/ula.ts";
import type { MeshId } from "../../../protocol/brand.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import type { MembershipPlan } from "../deploy/plan-contract.ts";

/** A member or a client, as far as rules select it. */
export interface Party {
  /** The name that it has after the deploy, or had last. */
  readonly key: string;
  /** The name by which the rules of its time know it. */
  readonly name: string;
  readonly groups: readonly string[];
  /** In the mesh; empty for one to come, which gets its own from the mesh's range. */
  readonly addresses: readonly string[];
}

export interface Parties {
  readonly before: readonly Party[];
  readonly after: readonly Party[];
}

/**
 * @param known members that the mesh has
 * @param members what the deploy does to them
 */
export function partiesOf(
  { members: stack }: Pick<MeshModel, "members">,
  known: readonly Member[],
  members: Pick<MembershipPlan, "removed" | "renamed">,
): Parties {
  const renamed = new Map(members.renamed.map(({ from, to }) => [from, to]));
  const removed = new Set(members.removed);
  const inStack = new Set(stack.map(({ name }) => name));
  const keyOf = ({ name }: Member): string => renamed.get(name) ?? name;
  const byKey = new Map(known.map((member) => [keyOf(member), member]));
  const staying = known.filter(({ name }) => !removed.has(name));
  return {
    before: present(known).map((member) => ({ ...describe(member), key: keyOf(member) })),
    after: [
      ...stack.map(({ name, groups }) => ({ key: name, name, groups, addresses: addressesOf(byKey.get(name)) })),
      ...present(staying)
        .filter((member) => !inStack.has(keyOf(member)))
        .map(describe),
    ],
  };
}

/** A client is there as long as one of the gateways that may carry it is. */
function present(members: readonly Member[]): readonly Member[] {
  const nids = new Set(members.map(({ nid }) => nid));
  return members.filter(({ via }) => via === undefined || via.some((gateway) => nids.has(gateway)));
}

function describe(member: Member): Party {
  const { name, groups } = member;
  return { key: name, name, groups, addresses: addressesOf(member) };
}

function addressesOf(member: Member | undefined): readonly string[] {
  return member === undefined ? [] : [...(member.ip4 === undefined ? [] : [member.ip4]), member.ip6];
}

/**
 * Whether a range of a rule covers a party; one that has no address yet is covered where the whole mesh is.
 * @param meshRanges where members have their addresses
 */
export function isInRange(cidr: string, { addresses }: Party, meshRanges: readonly string[]): boolean {
  if (addresses.length > 0) return addresses.some((address) => cidrContains(cidr, address));
  return meshRanges.some((range) => rangeHolds(cidr, range));
}

/** Whether it is known only after the deploy: the range covers some of the addresses that such a party may get. */
export function mayBeInRange(cidr: string, party: Party, meshRanges: readonly string[]): boolean {
  if (party.addresses.length > 0 || isInRange(cidr, party, meshRanges)) return false;
  return meshRanges.some((range) => cidrsOverlap(cidr, range));
}

/** Where members have their addresses; before the mesh has an id, only those of IPv4 are known. */
export function meshRangesOf({ range }: Pick<MeshModel, "range">, meshId: string | undefined): readonly string[] {
  return meshId === undefined ? [range] : [range, meshUla(meshId as MeshId)];
}

/** Whether all addresses of `inner` lie in `outer`. */
export function rangeHolds(outer: string, inner: string): boolean {
  const [one, other] = [parseCidr(outer), parseCidr(inner)];
  return one.family === other.family && one.first <= other.first && other.last <= one.last;
}
