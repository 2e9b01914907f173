// What runs over a real connection: commands, files, sockets, and a connection that breaks.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import path from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import type { HostConnection } from "../../../../cli/engine/ssh/connection.ts";
import { createSshLab, type SshLab, type SshServer } from "./sshd.ts";

let lab: SshLab;
let server: SshServer;
let connection: HostConnection;
beforeEach(async () => {
  vi.stubEnv("SSH_AUTH_SOCK", "");
  lab = createSshLab();
  server = await lab.startServer();
  connection = await connectHost(
    { target: `${lab.user}@127.0.0.1`, port: server.port, hostKey: server.hostKeys[0] },
    { home: lab.home },
  );
});
afterEach(() => {
  connection.close();
  vi.unstubAllEnvs();
  lab.close();
});

describe("commands", () => {
  it("gives code, output and both streams, with any text as input", async () => {
    const awkward = 'it\'s "$HOME" `id` \\ \n ünïcode';
    expect(await connection.run("cat; echo oops >&2; exit 3", { stdin: awkward })).toEqual({
      code: 3,
      stdout: awkward,
      stderr: "oops\n",
    });
    expect(await connection.check("cat | wc -c", { stdin: Buffer.alloc(3_000_000) })).toBe("3000000\n");
  });

  it("survives a command that ends before its input does", async () => {
    const endless = new Readable({ read: (size) => void endless.push(Buffer.alloc(size)) });
    expect(await connection.run("head -c 100000 > /dev/null; exit 7", { stdin: endless })).toMatchObject({ code: 7 });
    endless.destroy();
    expect(await connection.run("exit 5", { stdin: Buffer.alloc(5_000_000) })).toMatchObject({ code: 5 });
    const broken = new Readable({ read: () => void broken.destroy(new Error("disk error")) });
    await expect(connection.run("cat", { stdin: broken })).rejects.toThrow("disk error");
    expect(await connection.check("echo alive")).toBe("alive\n");
  });

  it("throws what a failed command said, and runs a second one at the same time", async () => {
    const [failed, fine] = await Promise.allSettled([
      connection.check("echo no room >&2; exit 1"),
      connection.check("echo fine"),
    ]);
    expect(failed).toMatchObject({
      reason: { code: "TM_SSH_COMMAND_FAILED", message: expect.stringContaining("no room") },
    });
    expect(fine).toMatchObject({ value: "fine\n" });
  });

  it("ends a command that takes too long, is aborted, or says too much", async () => {
    await expect(connection.run("sleep 30", { timeout: 200 })).rejects.toMatchObject({
      code: "TM_SSH_COMMAND_TIMEOUT",
    });
    const aborter = new AbortController();
    const pending = connection.run("sleep 30", { signal: aborter.signal });
    aborter.abort(new Error("stop"));
    await expect(pending).rejects.toThrow("stop");
    await expect(connection.run("cat /dev/zero")).rejects.toMatchObject({ code: "TM_SSH_COMMAND_FAILED" });
    expect(await connection.check("echo alive")).toBe("alive\n");
  });

  it("reports a connection that breaks under a command, and after it", async () => {
    const pending = connection.run("sleep 30");
    execFileSync("sh", ["-c", `pkill -KILL -P ${server.process.pid}`]);
    await expect(pending).rejects.toMatchObject({ code: "TM_SSH_CONNECTION_LOST" });
    await expect(connection.run("true")).rejects.toMatchObject({ code: "TM_SSH_CONNECTION_LOST" });
  });
});

describe.runIf(process.getuid?.() === 0)("as root", () => {
  it("writes files whole, with mode and owner, and leaves nothing beside them", async () => {
    const file = path.join(lab.folder, "it's a file");
    await connection.writeFile(file, "one", { mode: 0o640, owner: "root:daemon" });
    await connection.writeFile(file, Buffer.from([0, 255, 10]), { mode: 0o600 });
    expect([...readFileSync(file)]).toEqual([0, 255, 10]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await expect(connection.writeFile(`${lab.folder}/missing/file`, "x", { mode: 0o600 })).rejects.toMatchObject({
      code: "TM_SSH_COMMAND_FAILED",
    });
    expect(execFileSync("ls", ["-A", lab.folder], { encoding: "utf8" })).not.toContain(".it's");
  });

  it("opens a Unix socket on the host", async () => {
    const file = path.join(lab.folder, "service.sock");
    const service: Server = createServer((socket) => socket.pipe(socket)).listen(file);
    await new Promise((resolve) => service.once("listening", resolve));
    const socket = await connection.openSocket(file);
    socket.end("hello");
    expect(await text(socket)).toBe("hello");
    service.close();
    await expect(connection.openSocket(`${lab.folder}/nobody.sock`)).rejects.toMatchObject({ code: "TM_SSH_SOCKET" });
  });
});

it("never puts what goes through stdin into the list of processes", async () => {
  const secret = "s3cret-in-stdin";
  const pending = connection.check("cat > /dev/null; sleep 0.3; echo done", {
    stdin: secret,
    root: process.getuid?.() === 0,
  });
  await new Promise((resolve) => setTimeout(resolve, 150));
  writeFileSync(path.join(lab.folder, "ps"), execFileSync("ps", ["axww", "-o", "args"]));
  expect(readFileSync(path.join(lab.folder, "ps"), "utf8")).not.toContain(secret);
  expect(await pending).toBe("done\n");
});
