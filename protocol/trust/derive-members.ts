// Who is a member under which name, address and key: computed from the held items alone.
import { nodeIp6 } from "../addresses/ula.ts";
import type { Ipv4Address, MeshId, NodeId } from "../brand.ts";
import type { HeldGrant, HeldItems, HeldKeys } from "./held-items.ts";
import type { Member } from "./member.ts";

/**
 * The members at `nowUnixSeconds`, in the order of first sight. Of two grants with one name or IPv4 the one seen first keeps
 * both; the other stays a member under the first 32 digits of its nid and without IPv4 (life.md §2).
 */
export function deriveMembers(meshId: MeshId, held: HeldItems, nowUnixSeconds: number): ReadonlyMap<NodeId, Member> {
  const live = [...held.grants.values()].filter(({ grant }) => !hasExpired(grant.exp, nowUnixSeconds));
  live.sort((left, right) => left.stamp - right.stamp);
  const owners = tunnelKeyOwners(live, held.keys);
  const controlOwners = controlKeyOwners(live, held.keys);
  const names = new Set<string>();
  const addresses = new Set<Ipv4Address>();
  const members = new Map<NodeId, Member>();
  for (const one of live) {
    const { grant } = one;
    const free = !names.has(grant.name) && !addresses.has(grant.ip4);
    if (free) {
      names.add(grant.name);
      addresses.add(grant.ip4);
    }
    const keys = held.keys.get(grant.nid);
    members.set(grant.nid, {
      nid: grant.nid,
      sshPublicKey: grant.sshPub,
      name: free ? grant.name : grant.nid.slice(0, 32),
      ip4: free ? grant.ip4 : undefined,
      ip6: nodeIp6(meshId, one.blob),
      groups: grant.groups,
      routes: grant.routes,
      expires: grant.exp,
      origin: grant.origin,
      via: grant.via,
      grantSeq: grant.seq,
      keys:
        keys === undefined ||
        owners.get(keys.keys.x25519) !== grant.nid ||
        controlOwners.get(keys.keys.ctl) !== grant.nid
          ? undefined
          : { x25519: keys.x25519, ctl: keys.ctl, generation: keys.keys.gen, seq: keys.keys.seq },
    });
  }
  return members;
}

/** A grant holds until the second that it names; 0 = for ever. */
export function hasExpired(expires: number, nowUnixSeconds: number): boolean {
  return expires !== 0 && nowUnixSeconds >= expires;
}

/**
 * One tunnel key belongs to one node: to the node whose SSH key maps to it, whether or not that node has signed keys yet;
 * else to the node that was seen with it first (life.md §2).
 */
function tunnelKeyOwners(live: readonly HeldGrant[], keys: ReadonlyMap<NodeId, HeldKeys>): ReadonlyMap<string, NodeId> {
  const owners = new Map<string, NodeId>();
  for (const { grant, mapped } of live) {
    const key = mapped === undefined ? undefined : Buffer.from(mapped).toString("hex");
    if (key !== undefined && !owners.has(key)) owners.set(key, grant.nid);
  }
  for (const { keys: one } of inOrder(live, keys)) if (!owners.has(one.x25519)) owners.set(one.x25519, one.nid);
  return owners;
}

/** One control key belongs to the node that was seen with it first: peers and coordinator tell channels apart by it. */
function controlKeyOwners(
  live: readonly HeldGrant[],
  keys: ReadonlyMap<NodeId, HeldKeys>,
): ReadonlyMap<string, NodeId> {
  const owners = new Map<string, NodeId>();
  for (const { keys: one } of inOrder(live, keys)) if (!owners.has(one.ctl)) owners.set(one.ctl, one.nid);
  return owners;
}

function inOrder(live: readonly HeldGrant[], keys: ReadonlyMap<NodeId, HeldKeys>): readonly HeldKeys[] {
  return live.flatMap(({ grant }) => keys.get(grant.nid) ?? []).sort((left, right) => left.stamp - right.stamp);
}
