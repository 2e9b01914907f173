// What a hostile coordinator can make the map do: little work at once, and little to remember.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MapStore } from "../../../agent/map/map-store.ts";
import { encodeLogEntry } from "../../../protocol/trust/log-entry.ts";
import { formatMeshFile } from "../../../protocol/trust/mesh-file.ts";
import {
  admin,
  genesisItem,
  grantItem,
  keysItem,
  logItem,
  now,
  openedView,
  party,
  sign,
  tokenGrant,
  tokenOf,
} from "../../protocol/trust/mesh.ts";

const view = openedView();
let folder: string;
let store: MapStore;
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "tm-map-hostile-"));
  const place = (name: string): string => path.join(folder, name);
  writeFileSync(place("mesh.jsonl"), formatMeshFile([genesisItem()]));
  const files = { map: place("map.jsonl"), head: place("head.json"), meshFile: place("mesh.jsonl") };
  store = await MapStore.open(files, view.meshId, now);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("serves others in between while it verifies", async () => {
  const items = Array.from({ length: 256 }, (_, index) => keysItem(view, party(`stranger${index}`)));
  let turns = 0;
  let over = false;
  const turn = (): void => {
    turns += 1;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  await store.apply(items, now);
  over = true;
  expect(turns).toBeGreaterThanOrEqual(30);
});

it("verifies nothing that names a foreign signer", async () => {
  const strangers = Array.from({ length: 16 }, (_, index) => party(`stranger${index}`));
  const { body } = grantItem(view, strangers[0]!);
  const items = [
    sign(body, strangers, "lock@tunnelmesh"),
    sign(`${body} `, strangers, "lock@tunnelmesh"),
    sign(body, strangers, "node@tunnelmesh"),
    sign(body, strangers, "token@tunnelmesh"),
  ].map(({ sigs }) => ({ body, sigs }));
  const verdicts = await store.apply(items, now);
  // One of them has broken signatures: it would be "bad-signature" if anybody had looked.
  expect(verdicts.map(({ reason }) => reason)).toEqual(Array.from(items, () => "foreign-signer"));
});

it("keeps what came early until the log goes on, once, and remembers on disk when a token's grant was seen", async () => {
  const token = tokenOf(view, "early", { uses: 1 });
  const add = logItem(view, token.entry);
  await store.apply([add], now);
  const first = await tokenGrant(view, token, party("one"));
  const second = await tokenGrant(view, token, party("two"), { ip4: "100.64.0.2" as never });
  await store.apply([first], now);
  for (let round = 0; round < 5; round += 1) {
    expect((await store.apply([second], now)).map(({ reason }) => reason)).toEqual(["used-up"]);
  }
  const entry = (seq: number, prev: string) =>
    sign(
      encodeLogEntry({
        v: 1,
        mesh: view.meshId,
        seq,
        prev,
        time: now,
        op: { type: "coord.set", key: "22".repeat(32), urls: ["ws://h:1"] },
      }),
      [admin],
      "lock@tunnelmesh",
    );
  const next = entry(store.view.head.seq + 1, store.view.head.hash);
  const after = entry(store.view.head.seq + 2, "33".repeat(32));
  expect((await store.apply([after], now))[0]?.reason).toBe("gap");
  await store.apply([next], now);
  expect(store.view.head.seq).toBe(2);
  const lines = readFileSync(path.join(folder, "map.jsonl"), "utf8").trim().split("\n");
  const seen = lines.map((line) => (JSON.parse(line) as { seen?: number }).seen).filter((at) => at !== undefined);
  expect(seen).toEqual([now]);
  const place = (name: string): string => path.join(folder, name);
  const files = { map: place("map.jsonl"), head: place("head.json"), meshFile: place("mesh.jsonl") };
  const later = await MapStore.open(files, view.meshId, now + 90 * 86_400);
  expect([...later.view.members.values()].map(({ name }) => name)).toEqual(["one"]);
});
