// Unsigned hints about peers: who is online and where they may be reached; kept so that a restart finds them alone.
import { z } from "zod";
import type { NodeId } from "../../protocol/brand.ts";
import { type Endpoint, endpointSchema } from "../../protocol/coordination/messages.ts";
import { readIfThere, writeDurably } from "./durable.ts";

export interface Hint {
  readonly online: boolean;
  readonly endpoints: readonly Endpoint[];
}

const fileLimit = 16 * 1024 * 1024;
/** More nodes than any mesh has: a coordinator cannot fill the memory with hints. */
const hintLimit = 20_000;
const fileSchema = z.strictObject({
  v: z.literal(1),
  peers: z
    .array(z.strictObject({ nid: z.string().regex(/^[0-9a-f]{64}$/), endpoints: z.array(endpointSchema).max(32) }))
    .max(hintLimit),
});

export interface PresencePeer extends Hint {
  readonly nid: string;
}

/** Hints by node. After a start everybody counts as offline, with the endpoints of the last run. */
export class Hints {
  readonly #file: string;
  readonly #hints: Map<NodeId, Hint>;
  #written = "";

  private constructor(file: string, hints: Map<NodeId, Hint>) {
    this.#file = file;
    this.#hints = hints;
  }

  /** A damaged file is as good as none: hints are only hints. */
  static async open(file: string): Promise<Hints> {
    const text = await readIfThere(file, fileLimit);
    const hints = new Map<NodeId, Hint>();
    if (text !== undefined) {
      for (const { nid, endpoints } of readPeers(text)) hints.set(nid as NodeId, { online: false, endpoints });
    }
    return new Hints(file, hints);
  }

  get(nid: NodeId): Hint | undefined {
    return this.#hints.get(nid);
  }

  /** With `replace` all are offline first; the endpoints known so far are kept until newer ones come. */
  update(replace: boolean, peers: readonly PresencePeer[]): void {
    if (replace) this.allOffline();
    for (const { nid, online, endpoints } of peers) {
      const before = this.#hints.get(nid as NodeId);
      if (before === undefined && this.#hints.size >= hintLimit) continue;
      const kept = endpoints.length === 0 && before !== undefined ? before.endpoints : endpoints;
      this.#hints.set(nid as NodeId, { online, endpoints: kept });
    }
  }

  allOffline(): void {
    for (const [nid, hint] of this.#hints) this.#hints.set(nid, { ...hint, online: false });
  }

  /** Writes the endpoints of `nids`, the present members, when they changed. */
  async save(nids: Iterable<NodeId>): Promise<void> {
    const peers = [...nids].toSorted().flatMap((nid) => {
      const hint = this.#hints.get(nid);
      return hint === undefined || hint.endpoints.length === 0 ? [] : [{ nid, endpoints: hint.endpoints }];
    });
    const text = `${JSON.stringify({ v: 1, peers })}\n`;
    if (text === this.#written) return;
    await writeDurably(this.#file, text);
    this.#written = text;
  }
}

function readPeers(text: string): z.infer<typeof fileSchema>["peers"] {
  try {
    const parsed = fileSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.peers : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
