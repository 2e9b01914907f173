// Hints about peers: bounded, kept over a restart, never more than hints.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Hints } from "../../../agent/map/hints.ts";
import type { NodeId } from "../../../protocol/brand.ts";

let folder: string;
let file: string;
const id = (digit: string): NodeId => digit.repeat(64) as NodeId;
const endpoints = [{ kind: "observed" as const, address: "198.18.0.9", port: 51820 }];

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "tm-hints-"));
  file = path.join(folder, "endpoints.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("come back after a restart with their endpoints, offline", async () => {
  const hints = await Hints.open(file);
  hints.update(true, [
    { nid: id("a"), online: true, endpoints },
    { nid: id("b"), online: true, endpoints },
  ]);
  await hints.save([id("a")]);
  const again = await Hints.open(file);
  expect(again.get(id("a"))).toEqual({ online: false, endpoints });
  expect(again.get(id("b"))).toBeUndefined();
});

it("keep the last endpoints of a peer that went offline", async () => {
  const hints = await Hints.open(file);
  hints.update(true, [{ nid: id("a"), online: true, endpoints }]);
  hints.update(false, [{ nid: id("a"), online: false, endpoints: [] }]);
  expect(hints.get(id("a"))).toEqual({ online: false, endpoints });
});

it("of a damaged file are none", async () => {
  for (const text of ["{", '{"v":1,"peers":[{"nid":"x","endpoints":[]}]}', ""]) {
    writeFileSync(file, text);
    expect((await Hints.open(file)).get(id("a"))).toBeUndefined();
  }
});
