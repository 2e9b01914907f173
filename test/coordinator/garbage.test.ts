// Garbage on the public port: random, truncated, huge, slow, or plain HTTP. Counted, refused, bounded; the service goes on.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startChannel } from "../../protocol/coordination/channel.ts";
import { deriveTunnelKeys } from "../../protocol/trust/tunnel-keys.ts";
import { alice, bob, genesis, useCoordinator, view } from "./fixture.ts";
import { memoryOf } from "./memory.ts";

const fixture = useCoordinator([genesis, alice.grant, bob.grant], "file");
const open: (Socket | WebSocket)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one instanceof WebSocket ? one.terminate() : one.destroy();
  // Lets the bucket of this address fill again.
  await delay(500);
});

function tcp(): Socket {
  const socket = connect(fixture.coordinator.port, "127.0.0.1");
  socket.on("error", () => undefined);
  open.push(socket);
  return socket;
}

async function webSocket(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${fixture.coordinator.port}/`, { perMessageDeflate: false });
  socket.on("error", () => undefined);
  open.push(socket);
  await once(socket, "open");
  return socket;
}

async function firstFrame(): Promise<Buffer> {
  const { key } = await fixture.coordinator.status();
  const started = startChannel({
    local: deriveTunnelKeys(alice.who.seed).ctl,
    coordinatorKey: Buffer.from(key, "hex"),
    meshId: Buffer.from(view.meshId, "hex"),
    ephemeral: randomBytes(32),
  });
  if (!started.ok) throw new Error(started.reason);
  return Buffer.from(started.message);
}

/** Resolves at the end of a connection, however it ends. */
const closed = (socket: Socket | WebSocket): Promise<void> =>
  new Promise((resolve) => (socket as Socket).once("close", () => resolve()));

const counter = async (name: string): Promise<number> => (await fixture.coordinator.status()).counters[name] ?? 0;

/** A frame that must end its WebSocket, and the counter that says why. */
async function refusedFrame(frame: Buffer | string): Promise<void> {
  const socket = await webSocket();
  const end = closed(socket);
  socket.send(frame);
  await end;
}

describe("the public port", () => {
  it("answers a health check and nothing else over HTTP", async () => {
    const base = `http://127.0.0.1:${fixture.coordinator.port}`;
    const health = await fetch(`${base}/healthz`);
    expect([health.status, await health.text()]).toEqual([200, "ok\n"]);
    expect((await fetch(base)).status).toBe(404);
    expect((await fetch(`${base}/healthz`, { method: "POST", body: "x".repeat(1000) })).status).toBe(404);
  });

  it("drops bytes that are no HTTP", async () => {
    const before = await counter("connection.refused.http");
    for (const junk of [randomBytes(2000), Buffer.alloc(100_000, 0x41), Buffer.from("GET / HTTP/9.9\r\n\r\n")]) {
      const socket = tcp();
      const end = closed(socket);
      socket.on("data", () => undefined);
      socket.write(junk);
      await end;
    }
    expect(await counter("connection.refused.http")).toBeGreaterThanOrEqual(before + 3);
  });

  it("refuses first frames that are random, cut, altered or too long, before any key is agreed", async () => {
    const good = await firstFrame();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 0, maxLength: 300 }), async (bytes) =>
        refusedFrame(Buffer.from(bytes)),
      ),
      { numRuns: 10 },
    );
    await refusedFrame(good.subarray(0, good.length - 1));
    const altered = Buffer.from(good);
    altered[40]! ^= 1;
    await refusedFrame(altered);
    await refusedFrame(Buffer.alloc(5000));
    await refusedFrame("text");
    const { counters } = await fixture.coordinator.status();
    expect(counters["channel.refused.mac"]).toBeGreaterThanOrEqual(1);
    expect(counters["channel.refused.size"]).toBeGreaterThanOrEqual(1);
    expect(counters["channel.refused.text"]).toBeGreaterThanOrEqual(1);
  });

  it("acts on nothing when a recorded first frame is sent again", async () => {
    const recorded = await firstFrame();
    for (const socket of [await webSocket(), await webSocket()]) {
      socket.send(recorded);
      await once(socket, "message");
      const end = closed(socket);
      socket.send(randomBytes(200));
      await end;
    }
    expect(await counter("channel.refused.seal")).toBe(2);
    expect((await fixture.coordinator.status()).connected).toEqual([]);
  });

  it("refuses messages that are no messages, and frames beyond the limit", async () => {
    const garbage = [Buffer.from([1, 0x7b]), Buffer.from('\x01{"v":1}'), Buffer.alloc(10, 4), Buffer.from([2])];
    for (const plaintext of garbage) {
      const client = fixture.client(alice);
      await client.open(fixture.coordinator);
      client.sendPlain(plaintext);
      await client.ended();
    }
    const client = fixture.client(alice);
    await client.open(fixture.coordinator);
    client.sendRaw(Buffer.alloc(70_000));
    await client.ended();
    const { counters } = await fixture.coordinator.status();
    expect(counters).toMatchObject({
      "message.refused.json": 2,
      "message.refused.schema": 1,
      "message.refused.size": 1,
    });
  });

  it("cuts off whoever is slow: no byte, half a request, no first frame, no hello", async () => {
    const before = await counter("connection.refused.timeout");
    const sockets = [tcp(), tcp()];
    const slow = sockets[1]!;
    slow.write("GET / HTTP/1.1\r\nHost: x\r\n");
    const drip = setInterval(() => slow.write("X: y\r\n"), 500);
    const silent = await webSocket();
    const late = await webSocket();
    late.send(await firstFrame());
    const start = performance.now();
    await Promise.all([...sockets, silent, late].map((socket) => closed(socket)));
    clearInterval(drip);
    expect(performance.now() - start).toBeLessThan(8000);
    expect(await counter("channel.refused.timeout")).toBe(2);
    expect(await counter("connection.refused.timeout")).toBeGreaterThan(before);
  });

  it("bounds connections and memory in a flood, and members stay connected through it", async () => {
    const member = await fixture.member(alice);
    const before = await memoryOf(fixture.coordinator.pid);
    const sockets = Array.from({ length: 400 }, () => tcp());
    for (const socket of sockets) socket.write(randomBytes(20));
    const held = Array.from({ length: 100 }, () => tcp());
    await delay(1000);
    expect(held.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(64);
    const { counters } = await fixture.coordinator.status();
    const refused = (counters["connection.refused.rate"] ?? 0) + (counters["connection.refused.strangers"] ?? 0);
    expect(refused).toBeGreaterThan(300);
    expect((await memoryOf(fixture.coordinator.pid)) - before).toBeLessThan(100 << 20);
    member.send("ping", { id: 3 });
    expect(await member.next("pong")).toEqual({ id: 3 });
    for (const socket of [...sockets, ...held]) socket.destroy();
    await delay(1500);
    const other = fixture.client(bob);
    expect(await other.join(fixture.coordinator)).toMatchObject({ v: 1 });
  });
});
