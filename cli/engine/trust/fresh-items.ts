// Which of some items a mesh file still lacks: newly signed ones must fit, those of another place may.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { formatLine } from "../../../protocol/trust/mesh-file.ts";
import { applyNew, type HomeState } from "./mesh-home-state.ts";

/**
 * Newly signed items without those that are there already, each checked against all before it.
 * @throws TunnelMeshError TM_TRUST_ITEM_REFUSED
 */
export function freshItems(state: HomeState, items: readonly SignedItem[], now: number): readonly SignedItem[] {
  return choose(state, items, now, (reason) => {
    throw new TunnelMeshError("TM_TRUST_ITEM_REFUSED", { detail: reason });
  });
}

/**
 * What another place knows beyond this mesh file, log entries in order; whatever does not fit is left out.
 * @throws TunnelMeshError TM_TRUST_FORK
 */
export function foreignItems(state: HomeState, items: readonly SignedItem[], now: number): readonly SignedItem[] {
  return choose(state, sortLog(items), now, (reason, item) => {
    const decoded = decodeItem(item.body);
    const entry = decoded.ok && decoded.item.kind === "log" ? `entry ${decoded.item.value.seq}` : "the log";
    if (reason === "fork" || reason === "unknown-operation") {
      throw new TunnelMeshError("TM_TRUST_FORK", { detail: `${entry}: ${reason}` });
    }
  });
}

function choose(
  state: HomeState,
  items: readonly SignedItem[],
  now: number,
  onRefusal: (reason: string, item: SignedItem) => void,
): readonly SignedItem[] {
  const there = new Set(state.items.map(formatLine));
  let { view } = state;
  return items.filter((item) => {
    if (there.has(formatLine(item))) return false;
    const decoded = decodeItem(item.body);
    const applied =
      decoded.ok && decoded.item.kind === "keys"
        ? { isNew: false, view, reason: "keys do not belong in a mesh file" }
        : applyNew(view, item, now);
    if (applied.reason !== undefined) onRefusal(applied.reason, item);
    view = applied.view;
    return applied.isNew;
  });
}

function sortLog(items: readonly SignedItem[]): readonly SignedItem[] {
  const place = ({ body }: SignedItem): number => {
    const decoded = decodeItem(body);
    if (!decoded.ok || decoded.item.kind === "genesis") return 0;
    return decoded.item.kind === "log" ? decoded.item.value.seq : Number.MAX_SAFE_INTEGER;
  };
  return items
    .map((item) => ({ item, place: place(item) }))
    .sort((left, right) => left.place - right.place)
    .map(({ item }) => item);
}
