// The control socket: who may use it, and what it does not put up with.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ControlSocket,
  connectionLimit,
  listenControlSocket,
  type RequestHandler,
  requestLimit,
} from "../../../agent/control/control-socket.ts";
import { lineReader } from "../../../agent/control/line-reader.ts";
import { controlLineLimit } from "../../../protocol/control/agent.ts";
import { askSocket } from "../main/host.ts";

let folder: string;
let file: string;
let server: ControlSocket | undefined;
const handler: RequestHandler = async (request) => {
  if (request.method === "items") return "x".repeat(controlLineLimit);
  if (request.method === "leave") throw new Error("secret of the inside");
  return request;
};
const log = (): void => undefined;

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "tm-sock-"));
  file = path.join(folder, "run/demo.sock");
  server = await listenControlSocket(file, handler, log);
});
afterEach(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends bytes and gives everything that comes back until the other side closes. */
async function talk(bytes: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(file, () => socket.write(bytes));
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

async function open(): Promise<Socket> {
  const socket = connect(file);
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  return socket;
}

describe("control socket", () => {
  it("is open to its owner and group alone", () => {
    expect(statSync(file).mode & 0o777).toBe(0o660);
  });

  it("answers requests, with defaults filled in, and refuses what it does not know", async () => {
    expect(await askSocket(file, { method: "ping", peer: "beta" })).toEqual({ method: "ping", peer: "beta", count: 3 });
    for (const bad of [
      { method: "reboot" },
      { method: "status", more: 1 },
      7,
      { method: "ping", peer: "b", count: 101 },
    ]) {
      await expect(askSocket(file, bad)).rejects.toThrow("TM_AGENT_REQUEST");
    }
    await expect(askSocket(file, { method: "leave" })).rejects.toThrow("TM_INTERNAL");
  });

  it("closes on a line that is too long, with or without an end", async () => {
    expect(await talk("x".repeat(requestLimit + 1))).toContain("TM_AGENT_REQUEST");
    expect(await talk(`${"x".repeat(requestLimit + 1)}\n`)).toContain("TM_AGENT_REQUEST");
  });

  it("closes on more requests at once than it takes", async () => {
    expect(await talk('{"method":"status"}\n'.repeat(50))).toContain("more than 8 requests");
  });

  it("gives no answer that is longer than a line may be", async () => {
    await expect(askSocket(file, { method: "items" })).rejects.toThrow("longer than a line");
  });

  it("takes a limited number of connections, and serves again when they are gone", async () => {
    const held = await Promise.all(Array.from({ length: connectionLimit }, () => open()));
    await expect(askSocket(file, { method: "status" })).rejects.toThrow();
    for (const socket of held) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await askSocket(file, { method: "status" })).toEqual({ method: "status" });
  });

  it("is not taken over from a living agent, but from a dead one", async () => {
    await expect(listenControlSocket(file, handler, log)).rejects.toMatchObject({ code: "TM_AGENT_ALREADY_RUNNING" });
    await server?.close();
    writeFileSync(file, "");
    server = await listenControlSocket(file, handler, log);
    expect(await askSocket(file, { method: "status" })).toEqual({ method: "status" });
  });
});

describe("line reader", () => {
  it("puts lines together from any pieces", () => {
    const read = lineReader(10);
    expect(read(Buffer.from("on"))).toEqual([]);
    expect(read(Buffer.from("e\ntwo\nth"))).toEqual(["one", "two"]);
    expect(read(Buffer.from("ree\n\n"))).toEqual(["three", ""]);
    expect(read(Buffer.from("0123456789\n"))).toEqual(["0123456789"]);
    expect(read(Buffer.from("0123456789a"))).toBeUndefined();
  });
});
