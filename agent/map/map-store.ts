// The map of signed items on disk: what is acted upon has been written first, and never goes back.
import type { MeshId } from "../../protocol/brand.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { meshFileLimit } from "../../protocol/trust/mesh-file.ts";
import {
  applyItems,
  applyRead,
  type ItemRefusal,
  type ItemVerdict,
  keptItemsOf,
  openView,
  type ReadItem,
  readItems,
  restoreItems,
} from "../../protocol/trust/view.ts";
import { readIfThere, writeDurably } from "./durable.ts";
import { type Head, readHead, standsBehind, writeHead } from "./head.ts";
import { formatKeptLines, readSignedLines } from "./signed-lines.ts";

/** Items that came before what they rest on and are tried again with the next ones. */
const earlyLimit = 1024;
/** Signatures verified in one go; packets are served in between. */
const verifiedAtOnce = 8;
/** An entry before its predecessor; a token's grant before the checkpoint that confirms it. Each is signed by the mesh's own keys. */
const early: ReadonlySet<ItemRefusal | "waiting-for-grant"> = new Set([
  "gap",
  "token-expired",
  "token-revoked",
  "used-up",
]);

export interface MapFiles {
  /** The agent's own copy. */
  readonly map: string;
  /** The highest head that was ever accepted. */
  readonly head: string;
  /** What tm installed; read at start, never written. */
  readonly meshFile: string;
}

/** Holds the verified view. One writer; calls of `apply` are done one after the other. */
export class MapStore {
  readonly #files: MapFiles;
  #view: MeshView;
  #head: Head | undefined;
  #early: readonly ReadItem[] = [];
  #writing: Promise<unknown> = Promise.resolve();
  /** Lines of the map on disk that did not read at start. */
  readonly damaged: number;

  private constructor(files: MapFiles, view: MeshView, head: Head | undefined, damaged: number) {
    this.#files = files;
    this.#view = view;
    this.#head = head;
    this.damaged = damaged;
  }

  /**
   * Opens the map of mesh `meshId` from the agent's copy and the installed mesh file, whichever knows more.
   * @param fetched what a coordinator sent, genesis first; only signatures make it count
   * @throws TunnelMeshError TM_AGENT_MAP when neither holds the genesis of this mesh
   */
  static async open(
    files: MapFiles,
    meshId: MeshId,
    nowUnixSeconds: number,
    fetched: readonly SignedItem[] = [],
  ): Promise<MapStore> {
    const { view: kept, damaged } = await readOwn(files, meshId, nowUnixSeconds);
    const installed = readSignedLines((await readIfThere(files.meshFile, meshFileLimit)) ?? "");
    let view = kept;
    for (const items of [installed.items.map(({ item }) => item), fetched]) {
      const [genesis, ...rest] = items;
      if (genesis === undefined) continue;
      if (view === undefined) {
        const opened = openView(genesis, meshId);
        if (opened.ok) view = applyItems(opened.view, rest, nowUnixSeconds).view;
      } else view = applyItems(view, rest, nowUnixSeconds).view;
    }
    if (view === undefined) throw new TunnelMeshError("TM_AGENT_MAP", { detail: files.meshFile });
    const store = new MapStore(files, view, await readHead(files.head, meshId), damaged);
    await store.#write(view);
    return store;
  }

  get view(): MeshView {
    return this.#view;
  }

  /** Why this map must not be acted upon: it is older than, or differs from, what this node has accepted before. */
  get behind(): string | undefined {
    return standsBehind(this.#view, this.#head);
  }

  /** Verifies items, writes what changed, and only then makes it the view. */
  apply(items: readonly SignedItem[], nowUnixSeconds: number): Promise<readonly ItemVerdict[]> {
    const work = this.#writing.then(async () => {
      const read = await this.#read(items);
      const before = this.#view;
      let { view, verdicts } = applyRead(before, read, nowUnixSeconds);
      // What waited is looked at again when the log went on, never because somebody sent something.
      if (view.head.seq !== before.head.seq && this.#early.length > 0) {
        const again = applyRead(view, this.#early, nowUnixSeconds);
        this.#early = this.#early.filter((_, index) => early.has(again.verdicts[index]?.reason ?? "older"));
        view = again.view;
      }
      const known = new Set(this.#early.map(({ item }) => item.body));
      const waiting = read.filter(
        ({ item }, index) => early.has(verdicts[index]?.reason ?? "older") && !known.has(item.body),
      );
      this.#early = [...this.#early, ...waiting].slice(0, earlyLimit);
      if (view.held !== before.held) await this.#write(view);
      this.#view = view;
      return verdicts;
    });
    // A failed write is the caller's to see; the next call starts from the last good view.
    this.#writing = work.then(
      () => undefined,
      () => undefined,
    );
    return work;
  }

  async #read(items: readonly SignedItem[]): Promise<readonly ReadItem[]> {
    const read: ReadItem[] = [];
    for (let next = 0; next < items.length; next += verifiedAtOnce) {
      if (next > 0) await new Promise((resolve) => setImmediate(resolve));
      const chunk = items.slice(next, next + verifiedAtOnce).map((item) => ({ item }));
      read.push(...readItems(this.#view, chunk));
    }
    return read;
  }

  async #write(view: MeshView): Promise<void> {
    await writeDurably(this.#files.map, formatKeptLines(keptItemsOf(view)));
    if (standsBehind(view, this.#head) !== undefined) return;
    if (this.#head?.seq === view.head.seq && this.#head.hash === view.head.hash) return;
    this.#head = { mesh: view.meshId, seq: view.head.seq, hash: view.head.hash };
    await writeHead(this.#files.head, this.#head);
  }
}

/** The view of the agent's own copy, as it was written; undefined where there is none of this mesh. Changes nothing. */
export async function readOwn(
  files: Pick<MapFiles, "map">,
  meshId: MeshId,
  nowUnixSeconds: number,
): Promise<{ readonly view: MeshView | undefined; readonly damaged: number }> {
  const { items, damaged } = readSignedLines((await readIfThere(files.map, meshFileLimit)) ?? "");
  const [genesis, ...rest] = items;
  const opened = genesis && openView(genesis.item, meshId);
  return { view: opened?.ok ? restoreItems(opened.view, rest, nowUnixSeconds).view : undefined, damaged };
}
