// The mesh file's text: line 1 genesis, then chained log entries and grants, one signed item a line (life.md §1).
import { createHash } from "node:crypto";
import { z } from "zod";
import { type DecodedItem, decodeItem } from "./body.ts";
import { type SignedItem, signedItemSchema } from "./item.ts";

/** The largest mesh file that is read, in bytes. */
export const meshFileLimit = 64 * 1024 * 1024;

export type MeshFile =
  | { readonly ok: true; readonly genesis: SignedItem | undefined; readonly items: readonly SignedItem[] }
  | { readonly ok: false; readonly line: number; readonly reason: string };

/** An item as one line of a mesh file, without the newline. */
export function formatLine(item: SignedItem): string {
  return JSON.stringify({ body: item.body, sigs: item.sigs });
}

/** SHA-256 of the line as written, without the newline: what the next chained line names as `prev`. */
export function hashLine(item: SignedItem): string {
  return createHash("sha256").update(formatLine(item), "utf8").digest("hex");
}

/** The whole text of a mesh file. */
export function formatMeshFile(items: readonly SignedItem[]): string {
  return items.map((item) => `${formatLine(item)}\n`).join("");
}

/**
 * Reads a mesh file: every line whole, in the form `formatLine` writes, log entries in their chain. Signatures are the view's
 * to check. An empty text is a mesh that does not exist yet.
 */
export function parseMeshFile(text: string): MeshFile {
  if (text === "") return { ok: true, genesis: undefined, items: [] };
  if (text.length > meshFileLimit) return { ok: false, line: 1, reason: "the file is larger than 64 MiB" };
  const lines = text.split("\n");
  if (lines.pop() !== "") return { ok: false, line: lines.length + 1, reason: "the last line is not complete" };
  const items: SignedItem[] = [];
  let chain = { seq: 0, hash: "" };
  for (const [index, line] of lines.entries()) {
    const read = readLine(line, index);
    if (!read.ok) return { ok: false, line: index + 1, reason: read.reason };
    const { item, decoded } = read;
    if (decoded.kind === "log") {
      if (decoded.value.seq !== chain.seq + 1) {
        return { ok: false, line: index + 1, reason: `entry ${chain.seq + 1} of the log is expected here` };
      }
      if (decoded.value.prev !== chain.hash) {
        return { ok: false, line: index + 1, reason: "its prev is not the hash of the chained line before" };
      }
    }
    if (decoded.kind !== "grant") chain = { seq: decoded.kind === "log" ? decoded.value.seq : 0, hash: hashLine(item) };
    items.push(item);
  }
  return { ok: true, genesis: items[0], items };
}

type Line =
  | { readonly ok: true; readonly item: SignedItem; readonly decoded: DecodedItem }
  | { readonly ok: false; readonly reason: string };

function readLine(line: string, index: number): Line {
  if (/^(<{7}|={7}|>{7})/.test(line)) return { ok: false, reason: "an unresolved git conflict" };
  const parsed = z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        context.addIssue(error instanceof SyntaxError ? "it is not JSON" : "it cannot be read");
        return z.NEVER;
      }
    })
    .pipe(signedItemSchema)
    .safeParse(line);
  if (!parsed.success) return { ok: false, reason: "it is not a signed item" };
  if (formatLine(parsed.data) !== line) return { ok: false, reason: "it was rewritten: spacing or order differ" };
  const decoded = decodeItem(parsed.data.body);
  if (!decoded.ok) return { ok: false, reason: `its body does not fit: ${decoded.reason}` };
  const { kind } = decoded.item;
  if ((kind === "genesis") !== (index === 0)) {
    return { ok: false, reason: index === 0 ? "the first line is not a genesis" : "a second genesis" };
  }
  if (kind === "keys") return { ok: false, reason: "keys do not belong in a mesh file" };
  return { ok: true, item: parsed.data, decoded: decoded.item };
}
