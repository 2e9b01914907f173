// The mesh that a token is for: found through its coordinator, believed for its genesis' hash and its admins' signatures alone.
import type { NodeId } from "../../protocol/brand.ts";
import { signatureNamespaces } from "../../protocol/constants.ts";
import { joinProofText } from "../../protocol/coordination/messages.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { meshIdOf } from "../../protocol/trust/genesis.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { JoinToken } from "../../protocol/trust/join-token.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import type { TokenAdd } from "../../protocol/trust/token-entry.ts";
import { type TokenKeys, tokenKeys } from "../../protocol/trust/token-keys.ts";
import { applyItems, openView } from "../../protocol/trust/view.ts";
import { JoinChannel } from "./join-channel.ts";
import { clockError, refusedBy } from "./join-error.ts";

export interface OpenedMesh {
  readonly channel: JoinChannel;
  readonly keys: TokenKeys;
  /** The admins' word about the token. */
  readonly entry: TokenAdd;
  /** Genesis and log, verified. */
  readonly items: readonly SignedItem[];
  readonly view: MeshView;
  /** As the coordinator counts. */
  readonly usesLeft: number;
}

/** The caller closes the channel. @throws TunnelMeshError TM_JOIN_… */
export async function openMesh(
  token: JoinToken,
  nid: NodeId,
  release: string,
  nowUnixSeconds: number,
): Promise<OpenedMesh> {
  const keys = tokenKeys(token.seed, token.meshId);
  const channel = await JoinChannel.open(token, nid, release);
  try {
    const text = joinProofText(token.meshId, channel.binding);
    const proof = await keys.signer.sign(signatureNamespaces.token, text);
    const proven = await channel.ask("prove", { tid: keys.tid, proof }, "proven");
    if (!proven.ok) throw refusedBy(proven, { theirs: proven.time, ours: nowUnixSeconds });
    const off = clockError(proven.time, nowUnixSeconds);
    if (off !== undefined) throw off;
    const items = await channel.items();
    const view = verify(token, items, nowUnixSeconds);
    const entry = view.tokens.get(keys.tid)?.token;
    if (entry === undefined || entry.pub !== Buffer.from(keys.pub).toString("hex")) {
      throw new TunnelMeshError("TM_JOIN_UNKNOWN_TOKEN");
    }
    return { channel, keys, entry, items, view, usesLeft: proven.usesLeft };
  } catch (error) {
    channel.close();
    throw error;
  }
}

function verify({ meshId }: JoinToken, items: readonly SignedItem[], nowUnixSeconds: number): MeshView {
  const [genesis, ...log] = items;
  if (genesis === undefined || meshIdOf(genesis.body) !== meshId) throw new TunnelMeshError("TM_JOIN_OTHER_MESH");
  const opened = openView(genesis, meshId);
  if (!opened.ok) throw new TunnelMeshError("TM_JOIN_REFUSED", { detail: `its genesis: ${opened.reason}` });
  const { view, verdicts } = applyItems(opened.view, log, nowUnixSeconds);
  const reason = verdicts.find(({ accepted }) => !accepted)?.reason ?? view.frozen?.detail;
  if (reason !== undefined) throw new TunnelMeshError("TM_JOIN_REFUSED", { detail: `the mesh's log: ${reason}` });
  return view;
}
