// The home of a mesh in a project folder: mesh/STAGE.jsonl, its outbox and its lock (life.md §1, §4).
import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { formatMeshFile } from "../../../protocol/trust/mesh-file.ts";
import { appendDurably, moveDurably, readIfThere, replaceDurably, truncateDurably } from "./durable-file.ts";
import { foreignItems, freshItems } from "./fresh-items.ts";
import { acquireLock, breakLock, type Lock, type LockHolder, lockHolder, waitForLock } from "./lock.ts";
import { type HomeState, readHome } from "./mesh-home-state.ts";

export interface MeshHomeOptions {
  /** Absolute path of the project folder, which holds mesh/ and .tm/. */
  readonly folder: string;
  readonly stage: string;
  /** Unix seconds; the machine's clock when left out. */
  readonly now?: () => number;
}

export interface MeshHome {
  /** Absolute path of mesh/STAGE.jsonl. */
  readonly file: string;
  /**
   * All lines, verified, with what a killed run had signed; writes nothing.
   * @throws TunnelMeshError TM_TRUST_MESH_FILE with the line
   */
  read(): Promise<HomeState>;
  /**
   * Makes `items` durable, in the outbox first, then in the mesh file, and gives the new state. Items that are there already
   * are left out, so a killed call can be made again.
   * @throws TunnelMeshError TM_TRUST_ITEM_REFUSED, and then nothing is written; TM_TRUST_MESH_FILE, TM_TRUST_LOCKED
   */
  append(items: readonly SignedItem[]): Promise<HomeState>;
  /**
   * Takes over what another place knows, a coordinator or a member: what an admin signed and is new here is appended, keys and
   * all that does not fit are left out.
   * @throws TunnelMeshError TM_TRUST_FORK when a log entry contradicts one that is here; TM_TRUST_MESH_FILE, TM_TRUST_LOCKED
   */
  merge(items: readonly SignedItem[]): Promise<HomeState>;
  /** Ends the mesh: moves its file to mesh/archive/ and says where, relative to the folder; undefined when there is none. */
  archive(): Promise<string | undefined>;
  /** Takes the local lock of this mesh, for before there is a coordinator. @throws TunnelMeshError TM_TRUST_LOCKED */
  lock(): Promise<Lock>;
  /** Who holds the local lock. */
  lockHolder(): Promise<LockHolder | undefined>;
  /** Ends the local lock, whoever holds it. */
  unlock(): Promise<LockHolder | undefined>;
}

/** How long an append waits for another one to end, in milliseconds. */
const appendPatience = 10_000;

/** Opens the home of the mesh of `stage`; touches nothing yet. */
export function openMeshHome({ folder, stage, now = unixSeconds }: MeshHomeOptions): MeshHome {
  const file = path.join(folder, "mesh", `${stage}.jsonl`);
  const outbox = path.join(folder, ".tm", "outbox", `${stage}.jsonl`);
  const lockFile = path.join(folder, ".tm", "lock", `${stage}.json`);
  const appendLock = path.join(folder, ".tm", "lock", `${stage}.append.json`);

  const read = async (): Promise<HomeState> => {
    for (let attempt = 1; ; attempt += 1) {
      // Outbox first: an append that ends in between is then seen in the mesh file.
      const texts = { outbox: (await readIfThere(outbox)) ?? "", meshFile: (await readIfThere(file)) ?? "" };
      const reading = readHome(texts, now());
      if (reading.ok) return reading.state;
      // A line that is being written right now looks torn; its outbox is there at the next look.
      if (attempt === 3) {
        const where = reading.place === "outbox" ? outbox : file;
        throw new TunnelMeshError("TM_TRUST_MESH_FILE", { detail: `${where}:${reading.line}: ${reading.reason}` });
      }
      await delay(50);
    }
  };

  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    const lock = await waitForLock(appendLock, appendPatience);
    try {
      return await work();
    } finally {
      await lock.release();
    }
  };

  const settle = async (): Promise<HomeState> => {
    const state = await read();
    const text = (await readIfThere(file)) ?? "";
    if (state.repair.keep < text.length) {
      await truncateDurably(file, Buffer.byteLength(text.slice(0, state.repair.keep), "utf8"));
    }
    if (state.repair.append !== "") await appendDurably(file, state.repair.append);
    await rm(outbox, { force: true });
    return state;
  };

  const extend = (choose: (state: HomeState) => readonly SignedItem[]): Promise<HomeState> =>
    exclusively(async () => {
      const state = await settle();
      const fresh = choose(state);
      if (fresh.length === 0) return state;
      await replaceDurably(outbox, formatMeshFile(fresh), 0o600);
      await appendDurably(file, formatMeshFile(fresh));
      await rm(outbox, { force: true });
      return read();
    });

  return {
    file,
    read,
    append: (items) => extend((state) => freshItems(state, items, now())),
    merge: (items) => extend((state) => foreignItems(state, items, now())),
    archive: () =>
      exclusively(async () => {
        if ((await settle()).genesis === undefined) return undefined;
        const date = new Date(now() * 1000).toISOString().replace(/[-:]|\.\d+/g, "");
        const target = path.join("mesh", "archive", `${stage}-${date}.jsonl`);
        await moveDurably(file, path.join(folder, target));
        return target;
      }),
    lock: () => acquireLock(lockFile),
    lockHolder: () => lockHolder(lockFile),
    unlock: async () => {
      await breakLock(appendLock);
      return breakLock(lockFile);
    },
  };
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
