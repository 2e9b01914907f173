// kill -9 of an agent while entries of the log come in: what it has shown as applied is there after the restart.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { keyPairOf } from "../../../protocol/noise/primitives.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { genesisItem, grantItem, logItem, now, openedView } from "../../protocol/trust/mesh.ts";
import { installHost, makeHost, startProcess, until } from "./host.ts";
import { startLiar } from "./liar.ts";

const mesh = "demo-dev";
const entries = 60;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

it("loses nothing that it has acted upon", async () => {
  const alpha = makeHost("alpha");
  cleanups.push(() => alpha.remove());
  const key = keyPairOf(Buffer.alloc(32, 6));
  const opened = openedView();
  const coordinator = await startLiar(key, opened.meshId);
  cleanups.push(() => coordinator.close());
  const set = { type: "coord.set", key: Buffer.from(key.publicKey).toString("hex"), urls: [coordinator.url] } as const;
  const items = [genesisItem(), logItem(opened, set), grantItem(opened, alpha.party)];
  let view = applyItems(opened, items, now).view;
  const log: SignedItem[] = [];
  for (let index = 0; index < entries; index += 1) {
    log.push(logItem(view, { type: "node.revoke", nid: index.toString(16).padStart(64, "0") as never, seq: 1 }));
    view = applyItems(view, log.slice(-1), now).view;
  }
  installHost(alpha, mesh, opened.meshId, items, "ef".repeat(32));
  let shown = 0;
  for (let round = 0; round < 3; round += 1) {
    const heard = coordinator.heard.length;
    const agent = startProcess(alpha, mesh);
    cleanups.push(() => agent.stop("SIGKILL"));
    const { head } = await until(agent.status, () => true);
    expect(head.seq).toBeGreaterThanOrEqual(shown);
    await until(
      async () => coordinator.heard.slice(heard),
      (messages) => messages.some(({ kind }) => kind === "hello"),
    );
    coordinator.send("welcome", { v: 1, member: true, observed: "127.0.0.1", store: "s", mapVersion: 1 });
    for (const item of log) coordinator.send("items", { items: [item], mapVersion: 1, last: true });
    const wanted = Math.min(head.seq + 1 + Math.floor(Math.random() * 15), entries);
    shown = (await until(agent.status, (status) => status.head.seq >= wanted)).head.seq;
    await agent.stop("SIGKILL");
    const state = path.join(alpha.root, hostPaths(mesh).agentState);
    const lines = readFileSync(path.join(state, "map.jsonl"), "utf8").trimEnd().split("\n");
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    expect(readdirSync(state)).toContain("head.json");
  }
});
