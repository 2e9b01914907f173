// The map on disk: written before it is acted upon, never back, never of another mesh, whole after a kill at any moment.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sweepTemporaries } from "../../../agent/map/durable.ts";
import { type MapFiles, MapStore } from "../../../agent/map/map-store.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { formatMeshFile } from "../../../protocol/trust/mesh-file.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { admin, genesisItem, grantItem, keysItem, logItem, now, openedView, party } from "../../protocol/trust/mesh.ts";

let folder: string;
let files: MapFiles;
const alpha = party("alpha");
const beta = party("beta");
const opened = openedView();
const coordinator = logItem(opened, { type: "coord.set", key: `09${"00".repeat(31)}`, urls: ["ws://h:1"] });
const granted = [
  genesisItem(),
  coordinator,
  grantItem(opened, alpha),
  grantItem(opened, beta, { ip4: "100.64.0.2" as never }),
];
const full = applyItems(opened, granted, now).view;
const revokeBeta = logItem(full, { type: "node.revoke", nid: nodeIdOf(beta.signer.publicKey), seq: 1 });

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "tm-map-"));
  const place = (name: string): string => path.join(folder, name);
  files = { map: place("state/map.jsonl"), head: place("state/head.json"), meshFile: place("mesh.jsonl") };
  writeFileSync(files.meshFile, formatMeshFile(granted));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (): Promise<MapStore> => MapStore.open(files, opened.meshId, now);
const names = (view: MeshView): string[] => [...view.members.values()].map(({ name }) => name);

describe("map on disk", () => {
  it("begins with the installed mesh file and goes on from its own copy", async () => {
    const store = await open();
    expect(names(store.view)).toEqual(["alpha", "beta"]);
    await store.apply([keysItem(opened, beta), revokeBeta], now);
    expect(names(store.view)).toEqual(["alpha"]);
    const again = await open();
    expect(names(again.view)).toEqual(["alpha"]);
    expect(again.view.head).toEqual(store.view.head);
    expect(again.behind).toBeUndefined();
    rmSync(files.meshFile);
    expect((await open()).view.head.seq).toBe(2);
  });

  it("holds on disk whatever the view shows", async () => {
    const store = await open();
    const work = store.apply([revokeBeta], now);
    expect(store.view.head.seq).toBe(1);
    await work;
    expect(readFileSync(files.map, "utf8")).toContain("node.revoke");
    expect(JSON.parse(readFileSync(files.head, "utf8"))).toMatchObject({ seq: 2, hash: store.view.head.hash });
  });

  it("keeps the old view when the disk refuses", async () => {
    const store = await open();
    rmSync(path.join(folder, "state"), { recursive: true });
    writeFileSync(path.join(folder, "state"), "a file in the folder's place");
    await expect(store.apply([revokeBeta], now)).rejects.toThrow();
    expect(store.view.head.seq).toBe(1);
    rmSync(path.join(folder, "state"));
    await store.apply([revokeBeta], now);
    expect(store.view.head.seq).toBe(2);
  });

  it("is whole after a kill in the middle: a temporary file beside it changes nothing", async () => {
    const store = await open();
    await store.apply([revokeBeta], now);
    const whole = readFileSync(files.map, "utf8");
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (cut) => {
        writeFileSync(`${files.map}.1.0badcafe.tmp`, whole.slice(0, cut));
        expect(names((await open()).view)).toEqual(["alpha"]);
      }),
      { numRuns: 10 },
    );
    await sweepTemporaries(path.dirname(files.map));
    expect(readdirSync(path.dirname(files.map)).toSorted()).toEqual(["head.json", "map.jsonl"]);
  });

  it("is refused when it ends before the head that this node has accepted", async () => {
    const store = await open();
    await store.apply([revokeBeta], now);
    writeFileSync(files.map, formatMeshFile(granted));
    const older = await open();
    expect(older.behind).toContain("has seen entry 2");
    expect(JSON.parse(readFileSync(files.head, "utf8")).seq).toBe(2);
    await older.apply([revokeBeta], now);
    expect(older.behind).toBeUndefined();
  });

  it("is refused when its log is another one than the accepted", async () => {
    const store = await open();
    await store.apply([revokeBeta], now);
    const other = logItem(full, { type: "node.revoke", nid: nodeIdOf(admin.signer.publicKey), seq: 7 });
    writeFileSync(files.map, formatMeshFile([...granted, other]));
    expect((await open()).behind).toContain("is not the one");
  });

  it("of another mesh is no map at all", async () => {
    await expect(MapStore.open(files, "00".repeat(32) as never, now)).rejects.toMatchObject({ code: "TM_AGENT_MAP" });
  });

  it("leaves out what is damaged, and takes it from the mesh file where that has it", async () => {
    await open();
    const lines = readFileSync(files.map, "utf8").split("\n");
    writeFileSync(files.map, [lines[0], "{not json", '{"body":"{}","sigs":["x"]}', ...lines.slice(1, 2)].join("\n"));
    const store = await open();
    expect(store.damaged).toBe(1);
    expect(names(store.view)).toEqual(["alpha", "beta"]);
  });

  it("takes log entries that came before their predecessor once it is there", async () => {
    const view = applyItems(full, [revokeBeta], now).view;
    const third = logItem(view, { type: "node.revoke", nid: nodeIdOf(alpha.signer.publicKey), seq: 1 });
    const store = await open();
    const early: SignedItem[] = [third];
    expect((await store.apply(early, now))[0]?.accepted).toBe(false);
    await store.apply([revokeBeta], now);
    await store.apply([], now);
    expect(store.view.head.seq).toBe(3);
  });
});
