// The highest log head that this node ever accepted: an older or another log is not acted upon (protocol.md §5).
import { z } from "zod";
import type { MeshId } from "../../protocol/brand.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { readIfThere, writeDurably } from "./durable.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const headSchema = z.strictObject({ mesh: hex32, seq: z.int().min(0), hash: hex32 });
export type Head = z.infer<typeof headSchema>;

/**
 * Reads the head of mesh `meshId`; one of another mesh that had this name before does not count.
 * @throws Error when the file is there and is not a head: guessing would allow a rollback
 */
export async function readHead(file: string, meshId: MeshId): Promise<Head | undefined> {
  const text = await readIfThere(file, 4096);
  if (text === undefined) return undefined;
  const head = headSchema.parse(JSON.parse(text));
  return head.mesh === meshId ? head : undefined;
}

export async function writeHead(file: string, head: Head): Promise<void> {
  await writeDurably(file, `${JSON.stringify(head)}\n`);
}

/** Compares a view with the highest head accepted before; undefined = as new or newer, on the same chain. */
export function standsBehind(view: MeshView, head: Head | undefined): string | undefined {
  if (head === undefined) return undefined;
  if (view.head.seq < head.seq) return `the map ends at entry ${view.head.seq}, this node has seen entry ${head.seq}`;
  const { genesis, log } = view.held;
  const line = head.seq === 0 ? genesis : log[head.seq - 1];
  if (line === undefined || line.hash === head.hash || line.variants.has(head.hash)) return undefined;
  return `entry ${head.seq} of the map is not the one that this node has accepted before`;
}
