// The map's text on disk: one signed item a line, keys among them; what does not read is left out and counted.
import { type SignedItem, signedItemSchema } from "../../protocol/trust/item.ts";

/** Items of the lines that read, and how many did not: signatures and kinds are the view's to check. */
export function readSignedLines(text: string): { readonly items: readonly SignedItem[]; readonly damaged: number } {
  const items: SignedItem[] = [];
  let damaged = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const item = readLine(line);
    if (item === undefined) damaged += 1;
    else items.push(item);
  }
  return { items, damaged };
}

function readLine(line: string): SignedItem | undefined {
  try {
    const parsed = signedItemSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
