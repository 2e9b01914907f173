// The admin socket: every method, what is refused, and what lies on disk.
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { leaseMilliseconds } from "../../coordinator/membership/lease.ts";
import { coordinatorStatusSchema, leaseReplySchema, submitReplySchema } from "../../protocol/control/admin.ts";
import { controlLineLimit } from "../../protocol/control/agent.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import { deriveTunnelKeys } from "../../protocol/trust/tunnel-keys.ts";
import { applyItems } from "../../protocol/trust/view.ts";
import { admin, logItem, mallory, now } from "../protocol/trust/mesh.ts";
import { alice, bob, genesis, useCoordinator, view } from "./fixture.ts";

const coordSet = (key: string): SignedItem => logItem(view, { type: "coord.set", key, urls: ["ws://198.18.0.1:8443"] });
const holder = (name: string, machine: string, pid: number) => ({ name, machine, pid, id: `${name}-${pid}` });

describe("the admin socket", () => {
  const fixture = useCoordinator([genesis]);
  const ask: (typeof fixture.coordinator)["ask"] = (request) => fixture.coordinator.ask(request);
  const socketFile = (): string => fixture.coordinator.place(hostPaths(view.name).coordinatorSocket);

  it("describes the coordinator, whose key stays over a restart", async () => {
    const status = coordinatorStatusSchema.parse(await fixture.coordinator.status());
    expect(status).toMatchObject({ mesh: "demo-dev", meshId: view.meshId, head: view.head, members: 0, connected: [] });
    await fixture.coordinator.stop();
    await fixture.coordinator.start();
    expect((await fixture.coordinator.status()).key).toBe(status.key);
  });

  it("keeps what was submitted, verbatim and in order", async () => {
    const { key } = await fixture.coordinator.status();
    const reply = submitReplySchema.parse(
      await fixture.coordinator.submit(alice.keys, alice.grant, coordSet(key), bob.grant),
    );
    expect(reply.verdicts.every((verdict) => verdict.accepted)).toBe(true);
    expect(reply.head.seq).toBe(1);
    const again = await fixture.coordinator.submit(alice.grant);
    expect(again.verdicts).toEqual([{ accepted: true, known: true }]);
    const { items } = await ask<{ items: SignedItem[] }>({ method: "items" });
    expect(items).toEqual([genesis, coordSet(key), alice.grant, bob.grant, alice.keys]);
    await fixture.coordinator.stop("SIGKILL");
    await fixture.coordinator.start();
    expect(await ask<{ items: SignedItem[] }>({ method: "items" })).toEqual({ items });
  });

  it("appends to the log only what is chained to its head", async () => {
    const { key } = await fixture.coordinator.status();
    const first = coordSet(key);
    await fixture.coordinator.submit(first);
    const next = applyItems(view, [first], now).view;
    const revoke = logItem(next, { type: "node.revoke", nid: bob.nid, seq: 1 });
    const late = logItem(
      { ...next, head: { ...next.head, hash: "00".repeat(32) } },
      { type: "node.revoke", nid: alice.nid, seq: 1 },
    );
    expect((await fixture.coordinator.submit(late)).verdicts).toEqual([
      { accepted: false, known: false, reason: "not-chained" },
    ]);
    expect((await fixture.coordinator.submit(revoke)).verdicts[0]?.accepted).toBe(true);
    expect((await fixture.coordinator.status()).head.seq).toBe(2);
  });

  it("gives the lease to one run at a time", async () => {
    const acquire = async (who: ReturnType<typeof holder>, deadProcess = false) =>
      leaseReplySchema.parse(await ask({ method: "lease.acquire", holder: who, deadProcess }));
    const [first, second] = [holder("alice", "laptop", 1), holder("bob", "desk", 2)];
    const granted = await acquire(first);
    expect(granted.granted).toBe(true);
    expect(granted.expires - Date.now()).toBeGreaterThan(leaseMilliseconds - 5000);
    expect(await acquire(second)).toMatchObject({ granted: false, holder: first });
    expect(await acquire(second, true)).toMatchObject({ granted: false, holder: first });
    expect((await acquire(first)).granted).toBe(true);
    const successor = holder("alice", "laptop", 3);
    expect((await acquire(successor)).granted).toBe(false);
    expect((await acquire(successor, true)).granted).toBe(true);
    expect(await ask({ method: "lease.release", id: first.id })).toEqual({ released: false });
    expect(await ask({ method: "lease.break" })).toEqual({ broken: true, holder: successor });
    expect(await ask({ method: "lease.break" })).toEqual({ broken: false });
    expect((await acquire(second)).granted).toBe(true);
    expect(await ask({ method: "lease.release", id: second.id })).toEqual({ released: true });
  });

  it("remembers deploys, newest first", async () => {
    await ask({ method: "deploy.record", record: { by: "alice", at: 1 } });
    await ask({ method: "deploy.record", record: { by: "bob", at: 2 } });
    const records = [
      { by: "bob", at: 2 },
      { by: "alice", at: 1 },
    ];
    expect(await ask({ method: "deploy.history" })).toEqual({ records });
    const long = { text: "x".repeat(70_000) };
    await expect(ask({ method: "deploy.record", record: long })).rejects.toThrow("64 KiB");
  });

  it("releases reservations", async () => {
    await fixture.coordinator.reserve(alice.nid, "alice");
    expect(await ask({ method: "release", nid: alice.nid })).toEqual({ released: true });
    expect(await ask({ method: "release", nid: alice.nid })).toEqual({ released: false });
    expect(await fixture.coordinator.reserve(bob.nid, "alice")).toMatchObject({ ip4: "100.64.0.1" });
  });

  it("refuses what it does not understand and lines without end, and goes on", async () => {
    const lines = ["{}", "not json", '{"method":"reserve","nid":"short","name":"x"}', '{"method":"status","more":1}'];
    const socket = connect(socketFile());
    socket.write(`${lines.join("\n")}\n${JSON.stringify({ method: "status" })}\n`);
    const replies: { ok: boolean; code?: string }[] = [];
    for await (const line of createInterface(socket)) {
      replies.push(JSON.parse(line));
      if (replies.length === lines.length + 1) break;
    }
    socket.destroy();
    expect(replies.map((reply) => reply.code)).toEqual([...lines.map(() => "TM_COORDINATION_REQUEST"), undefined]);
    const endless = connect(socketFile());
    endless.on("error", () => undefined);
    endless.write(Buffer.alloc(controlLineLimit + 2, 0x20));
    for await (const line of createInterface(endless)) expect(JSON.parse(line)).toMatchObject({ ok: false });
    expect((await fixture.coordinator.status()).mesh).toBe("demo-dev");
  });

  it("is for its user and group alone, and for one process", async () => {
    expect(statSync(socketFile()).mode & 0o777).toBe(0o660);
    const state = fixture.coordinator.place(hostPaths(view.name).coordinatorState);
    for (const file of ["key.json", "coordinator.db", "coordinator.db-wal"]) {
      expect(statSync(path.join(state, file)).mode & 0o777).toBe(0o600);
    }
    const { status, stderr } = await fixture.coordinator.startAnother();
    expect(status).not.toBe(0);
    expect(stderr).toContain("TM_COORDINATION_RUNNING");
  });

  it("keeps no private key and no secret in its database or its log", async () => {
    await fixture.coordinator.submit(alice.grant, alice.keys);
    await fixture.member(alice);
    await fixture.coordinator.reserve(bob.nid, "bob");
    const key = await fixture.coordinator.channelKey();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    const { x25519, ctl } = deriveTunnelKeys(alice.who.seed);
    const secrets = [Buffer.from(key, "hex"), x25519.privateKey, ctl.privateKey, alice.who.seed, admin.seed];
    const places = [fixture.coordinator.database(), Buffer.from(fixture.coordinator.output)];
    for (const place of places) {
      expect(place.length).toBeGreaterThan(100);
      for (const secret of secrets) {
        for (const form of [
          Buffer.from(secret),
          ...(["hex", "base64"] as const).map((name) => Buffer.from(Buffer.from(secret).toString(name))),
        ]) {
          expect(place.includes(form)).toBe(false);
        }
      }
    }
    // The search itself works: what is public is found.
    expect(fixture.coordinator.database().includes(Buffer.from(ctl.publicKey).toString("hex"))).toBe(true);
  });

  it("believes no admin that genesis does not name", async () => {
    const forged = logItem(view, { type: "coord.set", key: randomBytes(32).toString("hex"), urls: ["ws://x:1"] }, [
      mallory,
    ]);
    const { verdicts } = await fixture.coordinator.submit(forged);
    expect(verdicts).toEqual([{ accepted: false, known: false, reason: "foreign-signer" }]);
  });
});
