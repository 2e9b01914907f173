// Map versions: deltas from any version lead every reader to the same map, also over a restart, revocations and late grants.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { onlyGranted, Registry } from "../../coordinator/membership/registry.ts";
import { openSqliteStore } from "../../coordinator/store/sqlite.ts";
import type { Store } from "../../coordinator/store/store.ts";
import { MapFeed } from "../../coordinator/wire/map-feed.ts";
import type { Ipv4Address } from "../../protocol/brand.ts";
import { decodeCoordination } from "../../protocol/coordination/frame.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { applyItems } from "../../protocol/trust/view.ts";
import { genesisItem, grantItem, keysItem, logItem, mallory, now, openedView, party } from "../protocol/trust/mesh.ts";

const genesis = genesisItem();
const empty = openedView(genesis);
const parties = Array.from({ length: 6 }, (_, index) => party(`member-${index}`));
const granted = (index: number, seq = 1): SignedItem =>
  grantItem(empty, parties[index]!, { ip4: `100.64.0.${index + 1}` as Ipv4Address, seq });

let folder: string;
let store: Store;
let registry: Registry;
const open = async (): Promise<void> => {
  store = openSqliteStore(path.join(folder, "coordinator.db"));
  registry = await Registry.open({ store, meshId: empty.meshId, installed: [genesis], now: () => now });
};
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), `tm-map-${process.pid}-`));
  await open();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A reader of the map: an agent's view and how far it has read. */
class Reader {
  view: MeshView = empty;
  version = 0;
  chunks = 0;
  read(): void {
    const feed = new MapFeed(registry, this.version);
    for (let message = feed.next(); message !== undefined; message = feed.next()) {
      const decoded = decodeCoordination(message);
      if (!decoded.ok || decoded.message.kind !== "items") throw new Error("not items");
      const { items, mapVersion, last } = decoded.message.body;
      this.view = applyItems(this.view, items, now).view;
      this.chunks += 1;
      if (last) this.version = mapVersion;
    }
  }
  get members(): unknown {
    return [...this.view.members.values()].map(({ name, ip4, keys }) => [name, ip4, keys?.seq]).sort();
  }
}

describe("the versioned map", () => {
  it("leads readers that look at different moments to one view", async () => {
    const early = new Reader();
    early.read();
    const steps: SignedItem[][] = [
      [granted(0), granted(1)],
      [keysItem(empty, parties[0]!)],
      [granted(2), keysItem(empty, parties[2]!), keysItem(empty, parties[1]!)],
      [logItem(empty, { type: "node.revoke", nid: nodeIdOf(parties[1]!.signer.publicKey), seq: 1 })],
      [keysItem(empty, parties[0]!, { seq: 2 })],
      [granted(1, 2)],
    ];
    const middle = new Reader();
    for (const [index, items] of steps.entries()) {
      const verdicts = await registry.submit(items);
      expect(verdicts.every((verdict) => verdict.accepted)).toBe(true);
      early.read();
      if (index === 2) middle.read();
      expect(early.members).toEqual([...mappedMembers(registry.view)]);
    }
    middle.read();
    const late = new Reader();
    late.read();
    expect(middle.members).toEqual(early.members);
    expect(late.members).toEqual(early.members);
    expect(late.view.head).toEqual(registry.view.head);
    expect(early.version).toBe(registry.mapVersion);
    const version = registry.mapVersion;
    const { id } = store;
    await store.close();
    await open();
    expect([registry.mapVersion, registry.store.id]).toEqual([version, id]);
    const again = new Reader();
    again.read();
    expect(again.members).toEqual(late.members);
  });

  it("keeps who was first over a restart where two claim one name", async () => {
    const [first, second] = [parties[0]!, parties[1]!];
    await registry.submit([grantItem(empty, first, { name: "same" })]);
    await registry.submit([grantItem(empty, second, { name: "same", ip4: "100.64.0.9" as Ipv4Address })]);
    await registry.submit([grantItem(empty, first, { name: "same", seq: 2, groups: ["office"] })]);
    await store.close();
    await open();
    const owner = [...registry.view.members.values()].find((member) => member.name === "same");
    expect(owner?.nid).toBe(nodeIdOf(first.signer.publicKey));
  });

  it("shows keys that waited for their grant once it is there", async () => {
    await registry.submit([keysItem(empty, parties[0]!)]);
    const reader = new Reader();
    reader.read();
    expect(reader.view.held.keys.size).toBe(0);
    await registry.submit([granted(0)]);
    reader.read();
    expect(reader.members).toEqual([["member-0", "100.64.0.1", 1]]);
  });

  it("keeps no keys of strangers that come over a channel", async () => {
    const before = registry.mapVersion;
    const verdicts = await registry.submit([keysItem(empty, mallory)], onlyGranted);
    expect(verdicts).toEqual([{ accepted: false, known: false, reason: "not-granted" }]);
    expect([registry.mapVersion, registry.view.held.keys.size]).toEqual([before, 0]);
  });

  it("refuses a forged grant and an item that fits no frame", async () => {
    const forged = grantItem(empty, mallory, {}, mallory);
    expect((await registry.submit([forged]))[0]?.accepted).toBe(false);
    const long = { ...granted(0), sigs: Array.from({ length: 16 }, () => "x".repeat(8000)) };
    expect((await registry.submit([long]))[0]?.reason).toBe("too-long");
  });

  it("sends a large map in chunks that fit frames", async () => {
    const many = Array.from({ length: 120 }, (_, index) => party(`many-${index}`));
    const grants = many.map((who, index) => {
      const ip4 = `100.64.${1 + Math.floor(index / 200)}.${1 + (index % 200)}` as Ipv4Address;
      return grantItem(empty, who, { ip4 });
    });
    await registry.submit(grants);
    const reader = new Reader();
    reader.read();
    expect(reader.view.members.size).toBe(120);
    expect(reader.chunks).toBeGreaterThan(1);
    const idle = reader.chunks;
    reader.read();
    expect(reader.chunks).toBe(idle);
  });

  it("does not open a store of another mesh", async () => {
    await store.close();
    const other = openedView(genesisItem({ nonce: "22".repeat(32) }));
    store = openSqliteStore(path.join(folder, "coordinator.db"));
    const opening = Registry.open({ store, meshId: other.meshId, installed: [], now: () => now });
    await expect(opening).rejects.toMatchObject({ code: "TM_COORDINATION_OTHER_MESH" });
  });
});

function* mappedMembers(view: MeshView): Generator<unknown> {
  yield* [...view.members.values()].map(({ name, ip4, keys }) => [name, ip4, keys?.seq]).sort();
}
