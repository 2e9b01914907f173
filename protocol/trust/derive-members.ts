// Who is a member under which name, address and key: computed from the held items alone.
import { nodeIp6 } from "../addresses/ula.ts";
import type { Ipv4Address, NodeId } from "../brand.ts";
import type { HeldGrant, HeldItems, HeldKeys } from "./held-items.ts";
import type { Member, MemberClient, MemberKeys, MeshView } from "./member.ts";

/** A member by an ephemeral token is let go after so many seconds without a sign of life. */
export const ephemeralSilence = 24 * 3600;

/**
 * The members at `nowUnixSeconds`. Of two grants with one name or IPv4 an admin's goes before one of a token that a checkpoint
 * lists, and that before any other; among equals the one seen first, or listed first, keeps both. The other stays a member
 * under the first 32 digits of its nid and without IPv4 (life.md §2).
 */
export function deriveMembers(
  { meshId, held, checkpoint }: Pick<MeshView, "meshId" | "held" | "checkpoint">,
  nowUnixSeconds: number,
): ReadonlyMap<NodeId, Member> {
  const live = [...held.grants.values()].filter(({ grant }) => !hasExpired(grant.exp, nowUnixSeconds));
  const rank = (one: HeldGrant): readonly [number, number] => {
    if (one.tid === undefined) return [0, one.stamp];
    const place = checkpoint.get(held.uses.get(one.tid)?.get(one.grant.nid)?.hash ?? "");
    return place === undefined ? [2, one.stamp] : [1, place];
  };
  const ranks = new Map(live.map((one) => [one, rank(one)]));
  live.sort((left, right) => {
    const [one, other] = [ranks.get(left)!, ranks.get(right)!];
    return one[0] - other[0] || one[1] - other[1];
  });
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
      client: clientOf(one, owners),
      grantSeq: grant.seq,
      keys: grant.via === undefined ? keysOf(held.keys.get(grant.nid), owners, controlOwners) : undefined,
    });
  }
  return members;
}

type Owners = ReadonlyMap<string, NodeId>;

function keysOf(held: HeldKeys | undefined, owners: Owners, controlOwners: Owners): MemberKeys | undefined {
  if (held === undefined) return undefined;
  const { keys, x25519, ctl } = held;
  if (owners.get(keys.x25519) !== keys.nid || controlOwners.get(keys.ctl) !== keys.nid) return undefined;
  return { x25519, ctl, generation: keys.gen, seq: keys.seq };
}

/** A client's tunnel key is the map of its grant's key, so the same rule says whose it is. */
function clientOf({ grant, mapped }: HeldGrant, owners: Owners): MemberClient | undefined {
  const { nid, via, wraps } = grant;
  if (via === undefined || wraps === undefined || mapped === undefined) return undefined;
  if (owners.get(Buffer.from(mapped).toString("hex")) !== nid) return undefined;
  return { x25519: mapped, wraps: new Map(via.map((gateway, index) => [gateway, wraps[index]!])) };
}

/**
 * The held items without nodes of ephemeral tokens that have shown no life for a day: neither a new grant nor new keys, which
 * a living node signs several times a day. Keys dated more than a day ahead are no sign of life.
 */
export function letGoOfSilent({ held, tokens }: Pick<MeshView, "held" | "tokens">, nowUnixSeconds: number): HeldItems {
  const silent = [...held.grants].filter(([nid, { tid }]) => {
    if (tid === undefined || tokens.get(tid)?.token.ephemeral !== true) return false;
    const signed = held.keys.get(nid)?.keys.iat ?? 0;
    const alive = signed > nowUnixSeconds + ephemeralSilence ? 0 : signed;
    return nowUnixSeconds >= Math.max(alive, held.uses.get(tid)?.get(nid)?.seen ?? 0) + ephemeralSilence;
  });
  if (silent.length === 0) return held;
  const grants = new Map(held.grants);
  for (const [nid] of silent) grants.delete(nid);
  return { ...held, grants };
}

/** A grant holds until the second that it names; 0 = for ever. */
export function hasExpired(expires: number, nowUnixSeconds: number): boolean {
  return expires !== 0 && nowUnixSeconds >= expires;
}

/**
 * One tunnel key belongs to one node: to the node whose SSH key maps to it, whether or not that node has signed keys yet; else to
 * the client that an admin granted with it, else to the node that was seen with it first (life.md §2).
 */
function tunnelKeyOwners(live: readonly HeldGrant[], keys: ReadonlyMap<NodeId, HeldKeys>): Owners {
  const owners = new Map<string, NodeId>();
  const agents = live.filter(({ grant }) => grant.via === undefined);
  const clients = live.filter(({ grant }) => grant.via !== undefined);
  for (const { grant, mapped } of [...agents, ...clients]) {
    const key = mapped === undefined ? undefined : Buffer.from(mapped).toString("hex");
    if (key !== undefined && !owners.has(key)) owners.set(key, grant.nid);
  }
  for (const { keys: one } of inOrder(live, keys)) if (!owners.has(one.x25519)) owners.set(one.x25519, one.nid);
  return owners;
}

/** One control key belongs to the node that was seen with it first: peers and coordinator tell channels apart by it. */
function controlKeyOwners(live: readonly HeldGrant[], keys: ReadonlyMap<NodeId, HeldKeys>): Owners {
  const owners = new Map<string, NodeId>();
  for (const { keys: one } of inOrder(live, keys)) if (!owners.has(one.ctl)) owners.set(one.ctl, one.nid);
  return owners;
}

/** Keys that a client may have signed are nobody's: it could only take those of others by them. */
function inOrder(live: readonly HeldGrant[], keys: ReadonlyMap<NodeId, HeldKeys>): readonly HeldKeys[] {
  return live
    .flatMap(({ grant }) => (grant.via === undefined ? (keys.get(grant.nid) ?? []) : []))
    .sort((left, right) => left.stamp - right.stamp);
}
