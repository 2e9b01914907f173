// The map's text on disk: one signed item a line, keys among them; what does not read is left out and counted.
import { z } from "zod";
import { signedItemSchema } from "../../protocol/trust/item.ts";
import type { KeptItem } from "../../protocol/trust/view.ts";

/** A line of the agent's own map: a signed item, and when this agent first saw it where that matters. */
const lineSchema = signedItemSchema.extend({ seen: z.int().min(0).optional() });

/** Items of the lines that read, and how many did not: signatures and kinds are the view's to check. */
export function readSignedLines(text: string): { readonly items: readonly KeptItem[]; readonly damaged: number } {
  const items: KeptItem[] = [];
  let damaged = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const item = readLine(line);
    if (item === undefined) damaged += 1;
    else items.push(item);
  }
  return { items, damaged };
}

/** The text of the agent's own map. */
export function formatKeptLines(items: readonly KeptItem[]): string {
  return items.map(({ item: { body, sigs }, seen }) => `${JSON.stringify({ body, sigs, seen })}\n`).join("");
}

function readLine(line: string): KeptItem | undefined {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(line));
    if (!parsed.success) return undefined;
    const { body, sigs, seen } = parsed.data;
    return { item: { body, sigs }, ...(seen === undefined ? {} : { seen }) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
