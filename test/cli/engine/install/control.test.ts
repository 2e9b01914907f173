// Requests to a service's socket: answers that are right, refused, of another form, torn, too long or missing.

import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentRequest, coordinatorRequest, type SocketHost } from "../../../../cli/engine/install/control.ts";
import { controlLineLimit } from "../../../../protocol/control/agent.ts";

let folder: string;
let server: Server;
let answer: (socket: Socket, line: string) => void;
let asked: { path: string; line: string }[];

/** Sockets of this machine in place of a host's. */
const connection: SocketHost = {
  target: "beta",
  openSocket: async (file: string) => {
    asked.push({ path: file, line: "" });
    return connect(path.join(folder, "service"));
  },
};

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "tm-control-"));
  asked = [];
  server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", (line) => {
      asked.at(-1)!.line = line.toString();
      answer(socket, line.toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, "service"), resolve));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const say = (...parts: readonly string[]) => {
  answer = async (socket) => {
    for (const part of parts) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
};

describe("a request", () => {
  it("goes to the mesh's socket as one line, and its answer may come in pieces", async () => {
    say('{"ok":true,"result":{"items":["ü', '"]}}', "\n");
    expect(await agentRequest(connection, "demo", { method: "items" })).toEqual({ items: ["ü"] });
    expect(asked).toEqual([{ path: "/run/tunnelmesh/demo.sock", line: '{"method":"items"}\n' }]);
    say('{"ok":true,"result":null}\n');
    await coordinatorRequest(connection, "demo", { method: "lease.break" });
    expect(asked[1]?.path).toBe("/run/tunnelmesh-coordinator/demo/admin.sock");
  });

  it("that is refused says why", async () => {
    say('{"ok":false,"code":"TM_AGENT_REQUEST","message":"no such peer"}\n');
    await expect(agentRequest(connection, "demo", { method: "ping", peer: "x" })).rejects.toMatchObject({
      code: "TM_INSTALL_REFUSED",
      message: expect.stringContaining("no such peer (TM_AGENT_REQUEST)"),
    });
  });

  it.each([
    ["no JSON", "hello\n"],
    ["no envelope", '{"result":1}\n'],
    ["another form of status", '{"ok":true,"result":{"v":2}}\n'],
  ])("answered with %s is refused", async (_, text) => {
    say(text);
    await expect(agentRequest(connection, "demo", { method: "status" })).rejects.toMatchObject({
      code: "TM_INSTALL_REPLY",
    });
  });

  it("answered without end is cut off", async () => {
    answer = (socket) => {
      socket.write("x".repeat(controlLineLimit + 1));
    };
    await expect(agentRequest(connection, "demo", { method: "peers" })).rejects.toMatchObject({
      code: "TM_INSTALL_REPLY",
    });
  });

  it("that nobody answers ends with the connection", async () => {
    answer = (socket) => socket.end();
    await expect(agentRequest(connection, "demo", { method: "peers" })).rejects.toMatchObject({
      message: expect.stringContaining("hung up"),
    });
  });
});
