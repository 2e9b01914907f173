// This machine as a host: commands, input, limits, files and sockets, as over SSH.
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { commandEnvironment, openLocalConnection } from "../../../../cli/engine/join/local-connection.ts";

const connection = openLocalConnection("ssh-ed25519 AAAA");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), `tm-local-${process.pid}-`));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("commands", () => {
  it("give code, output and both streams, with any text as input", async () => {
    const awkward = 'it\'s "$HOME" `id` \\ \n ünïcode';
    expect(await connection.run("cat; echo oops >&2; exit 3", { stdin: awkward })).toEqual({
      code: 3,
      stdout: awkward,
      stderr: "oops\n",
    });
    expect(await connection.check("wc -c", { stdin: Readable.from([Buffer.alloc(2_000_000)]) })).toBe("2000000\n");
    expect(await connection.run("exit 5", { stdin: Buffer.alloc(5_000_000) })).toMatchObject({ code: 5 });
    expect(await connection.run("kill -9 $$")).toMatchObject({ code: 137 });
  });

  it("throw what a failed one said", async () => {
    await expect(connection.check("echo no room >&2; exit 1")).rejects.toMatchObject({
      code: "TM_SSH_COMMAND_FAILED",
      detail: expect.stringContaining("no room"),
    });
  });

  it("end with all they started when time is up or the signal says so", async () => {
    const mark = path.join(folder, "mark");
    const slow = `(sleep 2; touch ${mark}) & wait`;
    await expect(connection.run(slow, { timeout: 100 })).rejects.toMatchObject({ code: "TM_SSH_COMMAND_TIMEOUT" });
    await expect(connection.run(slow, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 2_300));
    expect(() => statSync(mark)).toThrow();
  });

  it("hand output on without keeping it", async () => {
    let size = 0;
    const onStdout = (chunk: Buffer) => {
      size += chunk.length;
    };
    const said = await connection.run("head -c 20000000 /dev/zero", { collect: false, onStdout });
    expect([said.stdout, size]).toEqual(["", 20_000_000]);
    await expect(connection.run("head -c 20000000 /dev/zero")).rejects.toMatchObject({ code: "TM_SSH_COMMAND_FAILED" });
  });

  it("find nothing in their environment that was for tm", async () => {
    vi.stubEnv("TM_JOIN_TOKEN", "tmj1_secret");
    expect(await connection.check("env")).not.toContain("tmj1_secret");
    expect(commandEnvironment({ PATH: "/bin", TM_CI_TOKEN: "x", HOME: "/root" })).toEqual({
      PATH: "/bin",
      HOME: "/root",
    });
  });
});

describe("files and sockets", () => {
  it("writes whole files with their mode", async () => {
    const file = path.join(folder, "it's here");
    await connection.writeFile(file, "content\n", { mode: 0o600 });
    expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual(["content\n", 0o600]);
    await expect(connection.writeFile(path.join(folder, "no/where"), "", { mode: 0o600 })).rejects.toThrow();
  });

  it("opens a Unix socket, and says when there is none", async () => {
    const file = path.join(folder, "socket");
    const server = createServer((socket) => void socket.pipe(socket)).listen(file);
    await new Promise((resolve) => server.once("listening", resolve));
    const socket = await connection.openSocket(file);
    socket.write("hello");
    expect(await new Promise((resolve) => socket.once("data", (chunk) => resolve(String(chunk))))).toBe("hello");
    socket.destroy();
    server.close();
    await expect(connection.openSocket(path.join(folder, "none"))).rejects.toMatchObject({ code: "TM_SSH_SOCKET" });
  });
});
