// What a mesh's home says after a crash at any moment: mesh file and outbox put together, nothing written.
import { type SignedItem, signedItemSchema } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { formatLine, parseMeshFile } from "../../../protocol/trust/mesh-file.ts";
import { applyItems, type ItemVerdict, openView } from "../../../protocol/trust/view.ts";

/** The texts of both files; "" where a file is not there. */
export interface HomeTexts {
  readonly meshFile: string;
  readonly outbox: string;
}

export interface HomeState {
  readonly genesis: SignedItem | undefined;
  /** Every line of the mesh file in its order, genesis first, with what a killed run had signed but not yet appended. */
  readonly items: readonly SignedItem[];
  /** The verified view; undefined before there is a genesis. */
  readonly view: MeshView | undefined;
  /** How to make the mesh file whole: cut it to `keep` characters, then append `append`. */
  readonly repair: { readonly keep: number; readonly append: string };
}

export type HomeReading =
  | { readonly ok: true; readonly state: HomeState }
  | { readonly ok: false; readonly place: "mesh file" | "outbox"; readonly line: number; readonly reason: string };

/** Refusals that an honest history brings about; every other one means that a line was forged or damaged. */
const harmless: readonly ItemVerdict["reason"][] = [
  "revoked",
  "older",
  "same-seq-other-content",
  "frozen",
  "out-of-range",
];

/**
 * Puts the two files together. A torn last line is dropped when the outbox holds it whole, and kept when only its newline is
 * missing. Items of the outbox that no longer fit, because a colleague's line took their place, are left out.
 */
export function readHome(texts: HomeTexts, nowUnixSeconds: number): HomeReading {
  const outbox = texts.outbox === "" ? [] : texts.outbox.split("\n").slice(0, -1);
  const end = texts.meshFile.lastIndexOf("\n") + 1;
  const torn = texts.meshFile.slice(end);
  const dropped = torn !== "" && outbox.some((line) => line.startsWith(torn));
  const whole = torn === "" || dropped ? texts.meshFile.slice(0, end) : `${texts.meshFile}\n`;
  const file = parseMeshFile(whole);
  if (!file.ok) {
    const reason = torn !== "" && file.line > count(texts.meshFile) ? "the last line is not complete" : file.reason;
    return { ok: false, place: "mesh file", line: file.line, reason };
  }
  const verified = verifyLines(file.items, nowUnixSeconds);
  if (!verified.ok) return { ok: false, place: "mesh file", line: verified.line, reason: verified.reason };
  const waiting: SignedItem[] = [];
  let { view } = verified;
  for (const [index, line] of outbox.entries()) {
    const item = readOutboxLine(line);
    if (item === undefined) return { ok: false, place: "outbox", line: index + 1, reason: "it is not a signed item" };
    const applied = applyNew(view, item, nowUnixSeconds);
    if (!applied.isNew) continue;
    view = applied.view;
    waiting.push(item);
  }
  const items = [...file.items, ...waiting];
  const keep = dropped ? end : texts.meshFile.length;
  const newline = torn === "" || dropped ? "" : "\n";
  const append = newline + waiting.map((item) => `${formatLine(item)}\n`).join("");
  return { ok: true, state: { genesis: items[0], items, view, repair: { keep, append } } };
}

/** Applies an item that is to be appended; `reason` says why it does not fit. An item that would freeze the view does not. */
export function applyNew(
  view: MeshView | undefined,
  item: SignedItem,
  nowUnixSeconds: number,
): { readonly isNew: boolean; readonly view: MeshView | undefined; readonly reason: string | undefined } {
  if (view === undefined) {
    const opened = openView(item);
    return opened.ok
      ? { isNew: true, view: opened.view, reason: undefined }
      : { isNew: false, view, reason: opened.reason };
  }
  const applied = applyItems(view, [item], nowUnixSeconds);
  const verdict = applied.verdicts[0];
  if (verdict?.accepted !== true) return { isNew: false, view, reason: verdict?.reason };
  if (applied.view.frozen !== undefined && view.frozen === undefined) {
    return { isNew: false, view, reason: applied.view.frozen.reason };
  }
  return { isNew: !verdict.known, view: applied.view, reason: undefined };
}

function verifyLines(
  items: readonly SignedItem[],
  nowUnixSeconds: number,
):
  | { readonly ok: true; readonly view: MeshView | undefined }
  | { readonly ok: false; readonly line: number; readonly reason: string } {
  const [genesis, ...rest] = items;
  if (genesis === undefined) return { ok: true, view: undefined };
  const opened = openView(genesis);
  if (!opened.ok) return { ok: false, line: 1, reason: opened.reason };
  const { view, verdicts } = applyItems(opened.view, rest, nowUnixSeconds);
  const bad = verdicts.findIndex((verdict) => !verdict.accepted && !harmless.includes(verdict.reason));
  return bad < 0 ? { ok: true, view } : { ok: false, line: bad + 2, reason: verdicts[bad]?.reason ?? "it was refused" };
}

function readOutboxLine(line: string): SignedItem | undefined {
  try {
    const parsed = signedItemSchema.safeParse(JSON.parse(line)).data;
    return parsed !== undefined && formatLine(parsed) === line ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function count(text: string): number {
  return text.split("\n").length - 1;
}
