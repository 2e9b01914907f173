// The verified view of a mesh: opened from its genesis, changed by signed items alone (life.md §1, §2).
import type { MeshId } from "../brand.ts";
import { applyGrant } from "./apply-grant.ts";
import { applyKeys } from "./apply-keys.ts";
import { applyGenesis, applyLogEntry } from "./apply-log.ts";
import { applyTokenGrant } from "./apply-token-grant.ts";
import { Batch } from "./batch.ts";
import { type DecodedBody, decodeItem } from "./body.ts";
import { deriveMembers, letGoOfSilent } from "./derive-members.ts";
import { meshIdOf } from "./genesis.ts";
import type { KeptItem } from "./held-items.ts";
import type { SignedItem } from "./item.ts";
import { refuseAdmins, type Verified, verifyItem } from "./item-signers.ts";
import type { MeshView } from "./member.ts";
import { hashLine } from "./mesh-file.ts";
import { type ItemRefusal, type ItemVerdict, refuse, type Step } from "./verdict.ts";

export { itemsOf, type KeptItem, keptItemsOf } from "./held-items.ts";
export type { ItemRefusal, ItemVerdict } from "./verdict.ts";

export type OpenedView =
  | { readonly ok: true; readonly view: MeshView }
  | { readonly ok: false; readonly reason: ItemRefusal };

/** Opens the view of a mesh that has nothing but its genesis. With `expectedMeshId` no other mesh opens. */
export function openView(genesis: SignedItem, expectedMeshId?: MeshId): OpenedView {
  const verified = verifyItem(genesis);
  if (!verified.ok) return verified;
  const decoded = decodeItem(genesis.body);
  if (!decoded.ok) return decoded;
  if (decoded.item.kind !== "genesis") return { ok: false, reason: "unknown-kind" };
  const { name, admins, threshold, range, domain } = decoded.item.value;
  const meshId = meshIdOf(genesis.body);
  if (expectedMeshId !== undefined && meshId !== expectedMeshId) return { ok: false, reason: "other-mesh" };
  const refusal = refuseAdmins(verified.verified, admins, threshold);
  if (refusal !== undefined) return { ok: false, reason: refusal };
  const hash = hashLine(genesis);
  return {
    ok: true,
    view: {
      meshId,
      name,
      range,
      domain,
      admins,
      threshold,
      head: { seq: 0, hash },
      coordinator: undefined,
      members: new Map(),
      revoked: new Map(),
      tokens: new Map(),
      checkpoint: new Map(),
      frozen: undefined,
      held: {
        genesis: { item: genesis, hash, variants: new Map() },
        log: [],
        grants: new Map(),
        uses: new Map(),
        keys: new Map(),
        evidence: [],
        nextStamp: 1,
      },
    },
  };
}

export interface Applied {
  readonly view: MeshView;
  /** One for each item, in the order of the call. */
  readonly verdicts: readonly ItemVerdict[];
}

/**
 * Verifies items and applies those that hold; each gets a verdict at its own place. Grants and keys may come in any order and
 * in any company. Log entries of one call are put in order first; an entry whose predecessor is missing is refused ("gap")
 * and may be sent again. Entries after the last grant or keys of the list come last, so what `itemsOf` gave applies as it is.
 * With an empty list it lets go of members whose grant has expired at `nowUnixSeconds`.
 */
export function applyItems(view: MeshView, items: readonly SignedItem[], nowUnixSeconds: number): Applied {
  return applyKept(
    view,
    items.map((item) => ({ item })),
    nowUnixSeconds,
  );
}

/**
 * Applies what `keptItemsOf` gave and this node itself has kept: grants of tokens that were seen in time are not late now.
 * Never for items that somebody else sent.
 */
export function restoreItems(view: MeshView, items: readonly KeptItem[], nowUnixSeconds: number): Applied {
  return applyKept(view, items, nowUnixSeconds);
}

function applyKept(view: MeshView, items: readonly KeptItem[], nowUnixSeconds: number): Applied {
  return applyRead(view, readItems(view, items), nowUnixSeconds);
}

/**
 * The slow part of `applyItems`, to be done in pieces: verifies signatures and decodes bodies. Nothing is believed by it yet.
 * @param items as for `restoreItems`; those that somebody else sent have no `seen`
 */
export function readItems({ admins }: Pick<MeshView, "admins">, items: readonly KeptItem[]): readonly ReadItem[] {
  return items.map((kept) => readItem(kept, admins));
}

/** The quick part: applies what `readItems` gave for this mesh. */
export function applyRead(view: MeshView, items: readonly ReadItem[], nowUnixSeconds: number): Applied {
  const read = items.map((item, index) => ({ ...item, index }));
  const verdicts: ItemVerdict[] = [];
  const batch = new Batch();
  let next = view;
  for (const one of inOrder(read)) {
    const step = applyOne(next, one, nowUnixSeconds, batch);
    next = step.view;
    verdicts[one.index] = step.verdict;
  }
  const expires = [...view.held.grants.values()].some(({ grant }) => grant.exp !== 0);
  if (next.held === view.held && !expires) return { view: next, verdicts };
  next = { ...next, held: letGoOfSilent(next, nowUnixSeconds) };
  return { view: { ...next, members: deriveMembers(next, nowUnixSeconds) }, verdicts };
}

/** An item whose signatures were looked at. */
export interface ReadItem {
  readonly item: SignedItem;
  readonly seen: number | undefined;
  readonly verified: Verified;
  readonly body: DecodedBody;
}

/** A body is read once its signatures verify, not before. */
function readItem({ item, seen }: KeptItem, admins: readonly string[]): ReadItem {
  const verified = verifyItem(item, admins);
  return { item, seen, verified, body: verified.ok ? decodeItem(item.body) : { ok: false, reason: "unknown-kind" } };
}

function applyOne(
  view: MeshView,
  { seen, verified: signatures, body }: ReadItem,
  nowUnixSeconds: number,
  batch: Batch,
): Step {
  if (!signatures.ok) return refuse(view, signatures.reason);
  if (!body.ok) return refuse(view, body.reason);
  const { item: decoded } = body;
  const { verified } = signatures;
  if (decoded.kind === "genesis") return applyGenesis(view, verified);
  if (decoded.value.mesh !== view.meshId) return refuse(view, "other-mesh");
  switch (decoded.kind) {
    case "log":
      return applyLogEntry(view, verified, decoded.value);
    case "grant":
      return verified.namespace === "token"
        ? applyTokenGrant(view, verified, decoded.value, nowUnixSeconds, seen, batch)
        : applyGrant(view, verified, decoded.value, nowUnixSeconds, batch);
    case "keys":
      return applyKeys(view, verified, decoded.value, batch);
    default:
      return decoded satisfies never;
  }
}

/** Log entries by seq, then grants, then keys, then the log entries at the end of the list. */
function inOrder(decoded: readonly (ReadItem & { readonly index: number })[]) {
  const lastOther = decoded.findLastIndex(({ body }) => body.ok && body.item.kind !== "log");
  const rank = ({ index, body }: ReadItem & { readonly index: number }): number => {
    if (!body.ok || body.item.kind === "genesis") return 0;
    if (body.item.kind === "log") return index < lastOther ? 1 : 4;
    return body.item.kind === "grant" ? 2 : 3;
  };
  const seq = ({ body }: ReadItem): number => (body.ok && body.item.kind === "log" ? body.item.value.seq : 0);
  return decoded.toSorted((left, right) => rank(left) - rank(right) || seq(left) - seq(right));
}
