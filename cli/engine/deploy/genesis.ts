// Begins a mesh, or goes on with the one that is there: from the mesh file, else from the hosts that belong to it (life.md §1).
import type { MeshModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import { meshIdOf } from "../../../protocol/trust/genesis.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { createGenesis } from "../trust/items.ts";
import { type Journal, openJournal } from "./journal.ts";
import type { Run } from "./run.ts";

/** What a reached host says about the mesh of this name. */
export interface HostedMesh {
  readonly host: string;
  readonly meshId: string;
  /** Every item that the host's agent or coordinator holds, genesis first. */
  items(): Promise<readonly SignedItem[]>;
}

/**
 * Opens the journal of this stage's mesh. With no mesh file: adopts the mesh that the stack's hosts belong to when all of them agree
 * and its admins are the stack's, else begins a new one. Genesis is on the disk before this returns.
 * @throws TunnelMeshError TM_DEPLOY_OTHER_MESH, TM_DEPLOY_MODEL_CHANGED
 */
export async function openMesh(run: Run, hosted: readonly HostedMesh[]): Promise<Journal> {
  const { genesis, view } = await run.home.read();
  if (genesis === undefined) await begin(run, hosted);
  if (view !== undefined) refuseOthers(view.meshId, hosted);
  const journal = await openJournal(run.home, run.signer);
  refuseChanges(run.model, journal.view);
  return journal;
}

async function begin(run: Run, hosted: readonly HostedMesh[]): Promise<void> {
  const [first] = hosted;
  if (first === undefined) {
    const { name, admins, range, domain } = run.model;
    await run.home.append([await createGenesis({ name, admins, range, domain, signers: [await run.signer()] })]);
    return;
  }
  refuseOthers(first.meshId, hosted);
  const items = await first.items();
  const [genesis] = items;
  if (genesis === undefined || meshIdOf(genesis.body) !== first.meshId) {
    throw new TunnelMeshError("TM_DEPLOY_OTHER_MESH", {
      detail: `${first.host} does not say what its mesh began with`,
    });
  }
  // Only an admin of that mesh may take it over: whoever is none could not sign for it anyway.
  await run.signer();
  await run.home.append([genesis]);
  await run.home.merge(items.slice(1).filter(isForHome));
  run.context.progress.log(`went on with mesh ${first.meshId}, as found on ${first.host}`);
}

function isForHome(item: SignedItem): boolean {
  const decoded = decodeItem(item.body);
  return decoded.ok && decoded.item.kind !== "keys";
}

function refuseOthers(meshId: string, hosted: readonly HostedMesh[]): void {
  const other = hosted.find((host) => host.meshId !== meshId);
  if (other === undefined) return;
  throw new TunnelMeshError("TM_DEPLOY_OTHER_MESH", {
    detail: `${other.host} belongs to ${other.meshId.slice(0, 12)}, this is ${meshId.slice(0, 12)}`,
  });
}

function refuseChanges(model: MeshModel, view: MeshView): void {
  const lines = (keys: readonly string[]): string =>
    keys
      .map((key) => parseSshPublicKey(key).line)
      .toSorted()
      .join("\n");
  const changed = [
    ...(model.range === view.range ? [] : [`range ${view.range} → ${model.range}`]),
    ...(model.domain === view.domain ? [] : [`domain ${view.domain} → ${model.domain}`]),
    ...(lines(model.admins) === lines(view.admins) ? [] : ["the list of admins"]),
  ];
  if (changed.length > 0) throw new TunnelMeshError("TM_DEPLOY_MODEL_CHANGED", { detail: changed.join(", ") });
}
