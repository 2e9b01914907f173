// Deadlines and bounds of channels, with limits short enough to wait for.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Counters } from "../../coordinator/counters.ts";
import { defaultLimits, type Limits } from "../../coordinator/limits.ts";
import { Registry } from "../../coordinator/membership/registry.ts";
import { openSqliteStore } from "../../coordinator/store/sqlite.ts";
import { KeyQuota } from "../../coordinator/wire/key-quota.ts";
import { PendingJoins } from "../../coordinator/wire/pending-joins.ts";
import { Roster } from "../../coordinator/wire/roster.ts";
import { listenForAgents } from "../../coordinator/wire/server.ts";
import { keyPairOf } from "../../protocol/noise/primitives.ts";
import { grantItem, keysItem, now } from "../protocol/trust/mesh.ts";
import { Client } from "./client.ts";
import { alice, bob, genesis, view } from "./fixture.ts";

let folder: string;
let stop: () => Promise<void>;
const clients: Client[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), `tm-limits-${process.pid}-`));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(change: Partial<Limits>, clock: () => number = () => now) {
  const store = openSqliteStore(path.join(folder, "coordinator.db"));
  const installed = [genesis, alice.grant, bob.grant];
  const registry = await Registry.open({ store, meshId: view.meshId, installed, now: clock });
  await registry.submit([alice.keys, bob.keys]);
  const limits = { ...defaultLimits, ...change };
  const roster = new Roster(limits.presenceMilliseconds, () => performance.now());
  const key = keyPairOf(randomBytes(32));
  const counters = new Counters();
  const server = await listenForAgents(
    {
      registry,
      roster,
      keyQuota: new KeyQuota(() => performance.now()),
      pendingJoins: new PendingJoins(() => performance.now()),
      counters,
      limits,
      key,
      meshId: Buffer.from(view.meshId, "hex"),
      log: pino({ level: "silent" }),
      now: () => performance.now(),
      wallClock: () => clock() * 1000,
    },
    { host: "127.0.0.1", port: 0 },
  );
  stop = async () => {
    await server.close();
    roster.close();
    await store.close();
  };
  const status = async () => ({ key: Buffer.from(key.publicKey).toString("hex") });
  return { registry, counters, reachable: { port: server.port, status } };
}

function client(of: typeof alice): Client {
  const one = new Client(of.who, view);
  clients.push(one);
  return one;
}

describe("a channel", () => {
  it("ends when its guest does not become a member in time", async () => {
    const { reachable } = await start({ guestMilliseconds: 200 });
    const one = client({ ...alice, who: { ...alice.who, seed: randomBytes(32) } });
    expect(await one.join(reachable)).toMatchObject({ member: false });
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_NOT_MEMBER" });
    await one.ended();
  });

  it("ends when its guest pings faster than guests may", async () => {
    const { reachable, counters } = await start({});
    const one = client({ ...alice, who: { ...alice.who, seed: randomBytes(32) } });
    await one.join(reachable);
    for (let id = 0; id < 30; id += 1) one.send("ping", { id });
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_QUOTA" });
    await one.ended();
    expect(one.messages.filter(({ kind }) => kind === "pong").length).toBeLessThanOrEqual(11);
    expect(counters.get("message.refused.quota")).toBe(1);
  });

  it("ends when its member shows no life, and not while it does", async () => {
    const { reachable, counters } = await start({ livenessMilliseconds: 100 });
    const [one, two] = [client(alice), client(bob)];
    await one.join(reachable);
    await two.join(reachable);
    two.pause();
    await expect.poll(() => counters.get("channel.closed.silent"), { timeout: 3000 }).toBe(1);
    one.send("ping", { id: 1 });
    expect(await one.next("pong")).toEqual({ id: 1 });
  });

  it("ends when it is due for new keys", async () => {
    const { reachable } = await start({ livenessMilliseconds: 50, channelMilliseconds: 200 });
    const one = client(alice);
    await one.join(reachable);
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_KEYS_CHANGED" });
    await one.ended();
  });

  it("ends when its member sends more than its quota, which others do not feel", async () => {
    const { reachable, counters } = await start({ messageBurst: 10, messagesPerSecond: 1 });
    const [one, two] = [client(alice), client(bob)];
    await one.join(reachable);
    await two.join(reachable);
    for (let id = 0; id < 12; id += 1) one.send("ping", { id });
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_QUOTA" });
    await one.ended();
    expect(counters.get("message.refused.quota")).toBe(1);
    two.send("ping", { id: 5 });
    expect(await two.next("pong")).toEqual({ id: 5 });
  });

  it("may bring new keys now and then, not all the time", async () => {
    const { reachable } = await start({});
    const one = client(alice);
    await one.join(reachable);
    const reasons: (string | undefined)[] = [];
    for (let id = 10; id < 30; id += 1) {
      one.send("submit", { id, items: [keysItem(view, alice.who, { seq: id })] });
      reasons.push((await one.next("submitted")).verdicts[0]?.reason);
    }
    expect(reasons.filter((reason) => reason === undefined).length).toBeGreaterThan(4);
    expect(reasons.slice(-5)).toEqual(Array(5).fill("too-often"));
  });

  it("ends when its node signs another control key, and when its grant runs out", async () => {
    let seconds = now;
    const { reachable, registry } = await start({}, () => seconds);
    const one = client(alice);
    await one.join(reachable);
    const other = Buffer.from(keyPairOf(randomBytes(32)).publicKey).toString("hex");
    await registry.submit([keysItem(view, alice.who, { seq: 2, ctl: other })]);
    expect(await one.next("notice")).toMatchObject({ code: "TM_COORDINATION_KEYS_CHANGED" });
    await one.ended();
    await registry.submit([grantItem(view, bob.who, { seq: 2, exp: now + 60 })]);
    const two = client(bob);
    expect(await two.join(reachable)).toMatchObject({ member: true });
    seconds = now + 61;
    await registry.expire();
    expect(await two.next("notice")).toMatchObject({ code: "TM_COORDINATION_NOT_MEMBER" });
    await two.ended();
  });
});
