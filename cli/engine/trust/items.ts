// Makes the items that an admin signs: genesis, the next log entry, a grant.
import { randomBytes } from "node:crypto";
import { allotIpv4 } from "../../../protocol/addresses/allot.ts";
import type { Ipv4Address, NodeId } from "../../../protocol/brand.ts";
import { defaultDomain, defaultRange, signatureNamespaces } from "../../../protocol/constants.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { encodeGenesis } from "../../../protocol/trust/genesis.ts";
import { encodeGrant, type Grant } from "../../../protocol/trust/grant.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { encodeLogEntry, type Operation } from "../../../protocol/trust/log-entry.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { type Signer, signItem } from "../../../protocol/trust/signing.ts";
import { nodeIdOf, parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import type { TokenAdd } from "../../../protocol/trust/token-entry.ts";
import type { TokenKeys } from "../../../protocol/trust/token-keys.ts";

export interface GenesisChoice {
  /** STACK-STAGE. */
  readonly name: string;
  /** SSH public keys, with or without comments. */
  readonly admins: readonly string[];
  readonly range?: string;
  readonly domain?: string;
  /** How many admins must sign; 1 when left out. */
  readonly threshold?: number;
  readonly signers: readonly Signer[];
}

/** A genesis with a new random nonce: each call begins another mesh. @throws TunnelMeshError TM_TRUST_PUBLIC_KEY */
export async function createGenesis(choice: GenesisChoice): Promise<SignedItem> {
  const body = encodeGenesis({
    v: 1,
    name: choice.name,
    nonce: randomBytes(32).toString("hex"),
    admins: [...new Set(choice.admins.map((line) => parseSshPublicKey(line).line))],
    threshold: choice.threshold ?? 1,
    range: choice.range ?? defaultRange,
    domain: choice.domain ?? defaultDomain,
  });
  return signItem(body, signatureNamespaces.lock, choice.signers);
}

/**
 * The log entry after the head of `view`. The head must be the newest known anywhere before it is signed (life.md §4).
 * @param time Unix seconds
 */
export async function nextLogEntry(
  view: MeshView,
  op: Operation,
  time: number,
  signers: readonly Signer[],
): Promise<SignedItem> {
  const { seq, hash } = view.head;
  const body = encodeLogEntry({ v: 1, mesh: view.meshId, seq: seq + 1, prev: hash, time, op });
  return signItem(body, signatureNamespaces.lock, signers);
}

export interface GrantChoice {
  /** The key that the host's SSH session proved, one line. */
  readonly sshPublicKey: string;
  readonly name: string;
  readonly origin: Grant["origin"];
  /** The address to give; when left out, the one it has, else the lowest free one. */
  readonly ip4?: Ipv4Address;
  readonly groups?: readonly string[];
  readonly routes?: readonly string[];
  /** Unix seconds; 0 or left out = never. */
  readonly expires?: number;
  readonly via?: readonly NodeId[];
  /** A client's secret, sealed to each of `via` in its order. */
  readonly wraps?: readonly string[];
}

/** A grant newer than any that the node had. @throws TunnelMeshError TM_TRUST_PUBLIC_KEY, TM_TRUST_RANGE_FULL */
export async function grantFor(view: MeshView, choice: GrantChoice, signers: readonly Signer[]): Promise<SignedItem> {
  const [first] = signers;
  if (first === undefined) throw new RangeError("a grant needs a signer");
  return signItem(grantBody(view, choice, first), signatureNamespaces.lock, signers);
}

/** Nodes of an ephemeral token are members so long after its expiry, in seconds; agents take no more. */
const ephemeralLife = 30 * 86_400;

/** A grant that a token signs; what the token may not give, agents refuse. @throws as grantFor */
export async function tokenGrantFor(
  view: MeshView,
  choice: GrantChoice,
  { ephemeral, exp }: TokenAdd,
  { signer }: TokenKeys,
): Promise<SignedItem> {
  const expires = ephemeral ? exp + ephemeralLife : 0;
  const body = grantBody(view, { ...choice, origin: "token", expires }, signer);
  return signItem(body, signatureNamespaces.token, [signer]);
}

function grantBody(view: MeshView, choice: GrantChoice, signer: Signer): string {
  const key = parseSshPublicKey(choice.sshPublicKey);
  const nid = nodeIdOf(key);
  const floor = Math.max(view.held.grants.get(nid)?.grant.seq ?? 0, view.revoked.get(nid) ?? 0);
  return encodeGrant({
    v: 1,
    mesh: view.meshId,
    nid,
    sshPub: key.line,
    name: choice.name,
    ip4: choice.ip4 ?? view.members.get(nid)?.ip4 ?? freeAddress(view, choice.name),
    groups: [...(choice.groups ?? [])],
    routes: [...(choice.routes ?? [])],
    exp: choice.expires ?? 0,
    origin: choice.origin,
    ...(choice.via === undefined ? {} : { via: [...choice.via] }),
    ...(choice.wraps === undefined ? {} : { wraps: [...choice.wraps] }),
    seq: floor + 1,
    by: nodeIdOf(signer.publicKey),
  });
}

function freeAddress(view: MeshView, name: string): Ipv4Address {
  const taken = [...view.held.grants.values()].map(({ grant }) => grant.ip4);
  const address = allotIpv4(view.range, taken);
  if (address === undefined) throw new TunnelMeshError("TM_TRUST_RANGE_FULL", { detail: `${name} in ${view.range}` });
  return address;
}
