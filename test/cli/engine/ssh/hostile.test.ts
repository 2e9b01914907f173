// Servers that mean harm: what they say reaches the terminal escaped, and nothing they do goes on for ever.
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import ssh2, { type AuthContext, type Connection, type KeyboardAuthContext } from "ssh2";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import type { ConnectOptions } from "../../../../cli/engine/ssh/connection.ts";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const parsed = ssh2.utils.parseKey(privateKey);
if (parsed instanceof Error) throw parsed;
const hostKey = `ssh-rsa ${parsed.getPublicSSH().toString("base64")}`;

let home: string;
let close = () => {};
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "tm-hostile-"));
  vi.stubEnv("SSH_AUTH_SOCK", "");
});
afterEach(() => {
  close();
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

const start = (onAuth: (context: AuthContext) => void, onReady: (connection: Connection) => void = () => {}) =>
  new Promise<number>((resolve) => {
    const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
      connection.on("authentication", onAuth).on("ready", () => onReady(connection));
      connection.on("error", () => undefined);
    });
    close = () => void server.close();
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
const startTcp = (onConnection: Parameters<typeof createServer>[1]) =>
  new Promise<number>((resolve) => {
    const server: TcpServer = createServer(onConnection);
    close = () => void server.close();
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
const connect = (port: number, options: ConnectOptions = {}) =>
  connectHost({ target: "me@127.0.0.1", port, hostKey }, { home, timeout: 5000, ...options });
const control = /[\p{Cc}\u202e]/u;

describe("questions", () => {
  const keyboard = (prompts: { prompt: string; echo: boolean }[], rounds: number) => (context: AuthContext) => {
    if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
    const ask = (left: number): void => {
      if (left === 0) context.reject();
      else (context as KeyboardAuthContext).prompt(prompts, "\u001b[2JYour bank", "\r\nType it", () => ask(left - 1));
    };
    ask(rounds);
  };

  it("are shown as the host's, on one line, without control characters, and short", async () => {
    const port = await start(
      keyboard([{ prompt: `\u001b]0;x\u0007 Pass\u202ephrase ${"y".repeat(5000)}`, echo: false }], 1),
    );
    const asked: string[] = [];
    const askSecret = async (question: string) => {
      asked.push(question);
      return "no";
    };
    await expect(connect(port, { askSecret })).rejects.toMatchObject({ code: "TM_SSH_AUTH" });
    expect(asked[0]).toMatch(/^me on me@127\.0\.0\.1 asks: \\x1b\[2JYour bank/);
    expect(asked.every((question) => !control.test(question) && question.length < 600)).toBe(true);
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  it("end after a few, in one round or in many", async () => {
    for (const [count, rounds] of [
      [500, 1],
      [1, 500],
    ] as const) {
      const prompts = Array.from({ length: count }, () => ({ prompt: "Code: ", echo: true }));
      const port = await start(keyboard(prompts, rounds));
      const askSecret = vi.fn(async () => "1");
      await expect(connect(port, { askSecret })).rejects.toThrow(/asks more than 8 questions/);
      expect(askSecret).toHaveBeenCalledTimes(8);
      close();
    }
  });

  it("without a question in them do not hold the run", async () => {
    const port = await start(keyboard([], 1e9));
    const askSecret = vi.fn(async () => "1");
    await expect(connect(port, { askSecret, timeout: 500 })).rejects.toMatchObject({ code: "TM_SSH_TIMEOUT" });
    expect(askSecret).not.toHaveBeenCalled();
  });
});

describe("what a host says", () => {
  it("when a command fails is escaped", async () => {
    const port = await start(
      (context) => context.accept(),
      (connection) =>
        connection.on("session", (accept) =>
          accept().on("exec", (acceptCommand) => {
            const channel = acceptCommand();
            channel.stderr.write("\u001b[31mred\u202e\u0007\nsecond line");
            channel.exit(1);
            channel.end();
          }),
        ),
    );
    const connection = await connect(port);
    const error = await connection.check("true").catch((caught: unknown) => caught as Error);
    connection.close();
    expect(String(error)).toContain("\\x1b[31mred\\u{202e}\\x07\nsecond line");
  });

  it("instead of a greeting, or for ever before it, ends", async () => {
    const line = Buffer.from(`${"\u001b[2J".repeat(500)}\r\n`);
    const port = await startTcp((socket) => {
      const send = () => void (socket.writable && socket.write(line, () => setImmediate(send)));
      socket.on("error", () => undefined);
      send();
    });
    const error = await connect(port, { timeout: 3000 }).catch((caught: unknown) => caught as Error);
    expect(String(error)).not.toContain("\u001b");
    expect(error).toMatchObject({ code: expect.stringMatching(/TM_SSH_(HANDSHAKE|TIMEOUT)/) });
  });

  it("one byte at a time ends with the time for a connection", async () => {
    const port = await startTcp((socket) => {
      socket.on("error", () => undefined);
      const timer = setInterval(() => socket.write("S"), 50);
      socket.on("close", () => clearInterval(timer));
    });
    await expect(connect(port, { timeout: 400 })).rejects.toMatchObject({ code: "TM_SSH_TIMEOUT" });
  });
});

describe("a session", () => {
  const accepting = (onReady: (connection: Connection) => void) => start((context) => context.accept(), onReady);

  it("that never answers a command ends with the command's time", async () => {
    const port = await accepting((connection) => connection.on("session", () => undefined));
    const connection = await connect(port);
    await expect(connection.run("true", { timeout: 300 })).rejects.toMatchObject({ code: "TM_SSH_COMMAND_TIMEOUT" });
    connection.close();
  });

  it("of a jump host that never says whether it forwards ends with the time for a connection", async () => {
    const port = await accepting((connection) => connection.on("tcpip", () => undefined));
    mkdirSync(path.join(home, ".ssh"));
    writeFileSync(path.join(home, ".ssh/known_hosts"), `[127.0.0.1]:${port} ${hostKey}\n`);
    writeFileSync(path.join(home, ".ssh/config"), `Host inner\n  ProxyJump me@127.0.0.1:${port}\n`);
    const pending = connectHost({ target: "me@inner" }, { home, timeout: 1000 });
    await expect(pending).rejects.toMatchObject({ code: "TM_SSH_TIMEOUT" });
  });

  it("may open no channel and forward nothing from its side", async () => {
    const refused: unknown[] = [];
    let done = () => {};
    const all = new Promise<void>((resolve) => {
      done = resolve;
    });
    const port = await accepting((connection) => {
      for (let n = 0; n < 20; n += 1) {
        connection.forwardOut("127.0.0.1", 1, "127.0.0.1", 2, (error) => {
          refused.push(error);
          if (refused.length === 20) done();
        });
      }
    });
    const connection = await connect(port);
    await all;
    connection.close();
    expect(refused.every((error) => error instanceof Error)).toBe(true);
  });
});
