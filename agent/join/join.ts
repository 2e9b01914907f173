// `join`: makes this host a member by a token. Whatever was done before is found and used, so it may be run again at any point.
import type { MeshId, NodeId } from "../../protocol/brand.ts";
import { signatureNamespaces } from "../../protocol/constants.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { ephemeralLimit } from "../../protocol/trust/apply-token-grant.ts";
import { decodeItem } from "../../protocol/trust/body.ts";
import { encodeGrant, type Grant } from "../../protocol/trust/grant.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { JoinToken } from "../../protocol/trust/join-token.ts";
import type { Member, MeshView } from "../../protocol/trust/member.ts";
import { signItem } from "../../protocol/trust/signing.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { type AgentFiles, readConfiguration } from "../control/agent-files.ts";
import { isAnswered } from "../control/control-socket.ts";
import { type Identity, loadIdentity } from "../identity/identity.ts";
import { ownKeysItem } from "../identity/own-keys.ts";
import { MapStore, readOwn } from "../map/map-store.ts";
import { newestGeneration } from "../map/network-secret.ts";
import { refusedBy, refusedGrant } from "./join-error.ts";
import { type OpenedMesh, openMesh } from "./open-mesh.ts";
import { takeNetworkSecret } from "./take-secret.ts";

/** How often a place that was taken in between is asked for again. */
const placeTries = 4;

export interface JoinOptions {
  readonly token: JoinToken;
  readonly mesh: string;
  readonly files: AgentFiles;
  /** The name that is wanted, or none but that one is as good. */
  readonly name: { readonly text: string; readonly exact: boolean };
  readonly release: string;
  readonly nowUnixSeconds: number;
}

export interface JoinResult {
  readonly v: 1;
  readonly nid: string;
  readonly meshId: string;
  readonly name: string;
  readonly ip4?: string;
  readonly ip6: string;
  readonly groups: readonly string[];
  /** Unix seconds; 0 = never. */
  readonly expires: number;
  /** It was a member before this run. */
  readonly already: boolean;
}

/** @throws TunnelMeshError TM_JOIN_…, TM_AGENT_… */
export async function joinMesh(options: JoinOptions): Promise<JoinResult> {
  const { token, mesh, files, release, nowUnixSeconds } = options;
  const configuration = await readConfiguration(files.configuration, mesh);
  if (configuration.meshId !== token.meshId) {
    const detail = `this host's ${mesh} is mesh ${configuration.meshId.slice(0, 16)}…`;
    throw new TunnelMeshError("TM_JOIN_OTHER_MESH", { detail });
  }
  const { nid } = configuration;
  const identity = await loadIdentity({ file: configuration.identity, nid, boundFile: files.boundKeys });
  if (await isAnswered(files.socket)) {
    // The agent writes here itself; who is a member already has nothing to do.
    const { view } = await readOwn(files, token.meshId, nowUnixSeconds);
    const member = view?.members.get(identity.nid);
    if (member === undefined) throw new TunnelMeshError("TM_AGENT_ALREADY_RUNNING", { detail: files.socket });
    return resultOf(member, token.meshId, true);
  }
  const opened = await openMesh(token, identity.nid, release, nowUnixSeconds);
  try {
    return await joinOpened(options, opened, identity);
  } finally {
    opened.channel.close();
  }
}

async function joinOpened(options: JoinOptions, opened: OpenedMesh, identity: Identity): Promise<JoinResult> {
  const { token, files, nowUnixSeconds } = options;
  const secret = await takeNetworkSecret(files.networkSecret, token.meshId, opened.keys.wrap.privateKey, opened.entry);
  const map = await MapStore.open(files, token.meshId, nowUnixSeconds, opened.items);
  for (let attempt = 1; ; attempt += 1) {
    const place = await opened.channel.ask(
      "propose",
      { nid: identity.nid, name: options.name.text, exact: options.name.exact },
      "proposed",
    );
    if (!place.ok) throw refusedBy(place, { theirs: place.time, ours: nowUnixSeconds });
    const grant = place.granted ?? (await signGrant(opened, identity, place, nowUnixSeconds));
    const keys = await ownKeysItem({
      identity,
      meshId: token.meshId,
      generation: newestGeneration(secret),
      seenSeq: Math.max(seqOf(place.keys, identity.nid), map.view.held.keys.get(identity.nid)?.keys.seq ?? 0),
      file: files.keysItem,
      nowUnixSeconds,
    });
    const { verdicts } = await opened.channel.ask("submit", { items: [grant, keys] }, "submitted");
    const refused = verdicts.find(({ accepted }) => !accepted);
    if (refused !== undefined) {
      if (refused.reason === "name-taken" && attempt < placeTries && !options.name.exact) continue;
      throw refusedGrant(refused.reason ?? "no reason was given");
    }
    const own = await map.apply([grant, keys], nowUnixSeconds);
    const member = map.view.members.get(identity.nid);
    if (member === undefined) throw refusedGrant(own[0]?.reason ?? "the map does not take the grant");
    return resultOf(member, token.meshId, place.granted !== undefined);
  }
}

async function signGrant(
  { entry, keys, view }: OpenedMesh,
  { nid, publicKey }: Identity,
  place: { readonly name: string; readonly ip4: string; readonly seq: number },
  nowUnixSeconds: number,
): Promise<SignedItem> {
  const longest = Math.min(nowUnixSeconds, entry.exp) + ephemeralLimit;
  const body = encodeGrant({
    v: 1,
    mesh: view.meshId,
    nid,
    sshPub: publicKey.line,
    name: place.name,
    // Checked by the schema of the answer.
    ip4: place.ip4 as Grant["ip4"],
    groups: entry.groups,
    routes: [],
    exp: entry.ephemeral ? longest : 0,
    origin: "token",
    seq: place.seq,
    by: nodeIdOf(keys.signer.publicKey),
  });
  return await signItem(body, signatureNamespaces.token, [keys.signer]);
}

/** What the coordinator says of this node's keys is a hint: a lie costs only a high seq. */
function seqOf(item: SignedItem | undefined, nid: NodeId): number {
  const decoded = item && decodeItem(item.body);
  if (decoded?.ok !== true || decoded.item.kind !== "keys" || decoded.item.value.nid !== nid) return 0;
  return decoded.item.value.seq < Number.MAX_SAFE_INTEGER ? decoded.item.value.seq : 0;
}

function resultOf(member: Member, meshId: MeshId | MeshView["meshId"], already: boolean): JoinResult {
  const { nid, name, ip4, ip6, groups, expires } = member;
  return { v: 1, nid, meshId, name, ...(ip4 === undefined ? {} : { ip4 }), ip6, groups, expires, already };
}
