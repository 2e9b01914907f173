// Tokens in the registry: what is let go leaves the map and frees its place, and every use outlives a restart.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { choosePlace } from "../../coordinator/membership/proposals.ts";
import { Registry } from "../../coordinator/membership/registry.ts";
import { openSqliteStore } from "../../coordinator/store/sqlite.ts";
import type { Store } from "../../coordinator/store/store.ts";
import type { Operation } from "../../protocol/trust/log-entry.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { listTokens, nextCheckpoints } from "../../protocol/trust/token-list.ts";
import { applyItems } from "../../protocol/trust/view.ts";
import {
  genesisItem,
  keysItem,
  logItem,
  now,
  openedView,
  type Party,
  party,
  tokenGrant,
  tokenOf,
} from "../protocol/trust/mesh.ts";

const empty = openedView();
const [alpha, beta, gamma] = [party("alpha"), party("beta"), party("gamma")];
const nid = (who: Party) => nodeIdOf(who.signer.publicKey);
const ip = (last: number) => `100.64.0.${last}` as never;
const token = tokenOf(empty, "token", { uses: 2 });
const brief = tokenOf(empty, "brief", { ephemeral: true, uses: 1 });
const day = 86_400;

let folder: string;
let store: Store;
let registry: Registry;
let time = now;
async function reopen(): Promise<void> {
  await store?.close();
  store = openSqliteStore(path.join(folder, "coordinator.db"));
  registry = await Registry.open({ store, meshId: empty.meshId, installed: [genesisItem()], now: () => time });
}
async function log(...ops: Operation[]): Promise<void> {
  for (const op of ops) expect((await registry.submit([logItem(registry.view, op)]))[0]?.accepted).toBe(true);
}
const shown = (): string[] =>
  registry.map
    .between(-1, Number.MAX_SAFE_INTEGER)
    .map(({ key }) => key)
    .filter((key) => key.startsWith("grant:"));

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), `tm-tokens-${process.pid}-`));
  time = now;
  await reopen();
  await log(token.entry, brief.entry);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a registry with tokens", () => {
  it("lets go of a silent ephemeral node, frees its place and keeps its use", async () => {
    const exp = now + 20 * day;
    const grant = await tokenGrant(empty, brief, alpha, { exp, ip4: ip(1) });
    await registry.submit([grant, keysItem(empty, alpha)]);
    expect(shown()).toEqual([`grant:${nid(alpha)}`]);
    time = now + day;
    const changes: unknown[] = [];
    registry.listen((change) => changes.push(change));
    await registry.expire();
    expect([registry.view.members.size, shown(), changes.length > 0]).toEqual([0, [], true]);
    await reopen();
    expect([registry.view.members.size, shown()]).toEqual([0, []]);
    expect(listTokens(registry.view, time)[1]).toMatchObject({
      used: [{ nid: nid(alpha), member: false }],
      usesLeft: 0,
    });
    const around = {
      view: registry.view,
      reservations: await store.reservations(),
      reserved: await store.reserved(),
      pending: [],
      nowUnixSeconds: now,
    };
    const request = { nid: nid(beta), name: "alpha", exact: true };
    expect(choosePlace(around, token.entry, request)).toEqual({ ok: true, place: { name: "alpha", ip4: ip(1) } });
  });

  it("knows after a restart who came in time, who was first, and whom an admin confirmed in another's place", async () => {
    const [first, second, third] = [
      await tokenGrant(empty, token, alpha, { ip4: ip(1) }),
      await tokenGrant(empty, token, beta, { ip4: ip(2) }),
      await tokenGrant(empty, token, gamma, { ip4: ip(3) }),
    ];
    await registry.submit([first]);
    await registry.submit([second]);
    expect((await registry.submit([third]))[0]?.reason).toBe("used-up");
    time = now + 30 * day;
    await reopen();
    expect([...registry.view.members.keys()]).toEqual([nid(alpha), nid(beta)]);
    const elsewhere = applyItems(registry.view, [], time).view;
    const base = applyItems(empty, registry.map.items().slice(1, 3), now).view;
    const other = applyItems(base, [first, third], now).view;
    await log(...nextCheckpoints(other, now));
    expect((await registry.submit([third]))[0]?.accepted).toBe(true);
    expect([...registry.view.members.keys()].sort()).toEqual([nid(alpha), nid(gamma)].sort());
    expect(elsewhere.members.size).toBe(2);
    await reopen();
    expect([...registry.view.members.keys()].sort()).toEqual([nid(alpha), nid(gamma)].sort());
    expect(
      listTokens(registry.view, time)[0]
        ?.used.map((one) => one.nid)
        .sort(),
    ).toEqual([nid(alpha), nid(gamma)].sort());
    await log({ type: "token.revoke", tid: token.entry.tid, nodes: true });
    expect([registry.view.members.size, shown()]).toEqual([0, []]);
    await reopen();
    expect(registry.view.members.size).toBe(0);
  });
});
