// .tm/known/STAGE.json: what members and coordinator said last, for when nobody can be asked; believed no more than when it was said.
import path from "node:path";
import { z } from "zod";
import type { KeptItem } from "../../../protocol/trust/view.ts";
import { readIfThere, replaceDurably } from "../trust/durable-file.ts";
import type { LoadedStack } from "./contract.ts";
import { type KnownHost, knownHostSchema } from "./known-hosts.ts";
import { keptItemSchema } from "./member-items.ts";

const knownFileSchema = z.object({
  v: z.literal(1),
  meshId: z.string(),
  /** Where hosts were reached last, by member name. */
  hosts: z.record(z.string(), knownHostSchema),
  /** Signed items that the mesh file does not hold: grants that a token signed, with when a member saw them. */
  items: z.array(keptItemSchema),
});

export interface KnownFile {
  readonly hosts: Readonly<Record<string, KnownHost>>;
  readonly items: readonly KeptItem[];
}

const fileLimit = 64 * 1024 * 1024;
const nothing: KnownFile = { hosts: {}, items: [] };

/** What was kept of mesh `meshId`; nothing where the file is missing, damaged or of another mesh: it can be had again. */
export async function readKnownFile(loaded: LoadedStack, meshId: string): Promise<KnownFile> {
  const text = await readIfThere(fileOf(loaded));
  if (text === undefined || text.length > fileLimit) return nothing;
  try {
    const { success, data } = knownFileSchema.safeParse(JSON.parse(text));
    return success && data.meshId === meshId ? data : nothing;
  } catch (error) {
    if (error instanceof SyntaxError) return nothing;
    throw error;
  }
}

/** Keeps it; unchanged content is not written again. */
export async function writeKnownFile(loaded: LoadedStack, meshId: string, known: KnownFile): Promise<void> {
  const file = fileOf(loaded);
  const text = `${JSON.stringify({ v: 1, meshId, ...known })}\n`;
  if ((await readIfThere(file)) !== text) await replaceDurably(file, text, 0o600);
}

function fileOf({ projectFolder, stage }: LoadedStack): string {
  return path.join(projectFolder, ".tm", "known", `${stage}.json`);
}
