// Connections to real sshd processes: configuration, keys, agent, jumps, host keys, and each way to fail.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import type { ConnectOptions, SshTarget } from "../../../../cli/engine/ssh/connection.ts";
import { hostKeyFingerprint } from "../../../../cli/engine/ssh/host-key.ts";
import { createSshLab, freePort, type SshLab } from "./sshd.ts";

let lab: SshLab;
beforeEach(() => {
  lab = createSshLab();
  vi.stubEnv("SSH_AUTH_SOCK", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  lab.close();
});

const failure = async (target: SshTarget, options: ConnectOptions = {}) => {
  const outcome = await connectHost(target, { home: lab.home, ...options }).then(
    (connection) => {
      connection.close();
      return undefined;
    },
    (error: unknown) => error,
  );
  return outcome as { code?: string; message?: string; advice?: string[] };
};
const whoAmI = async (target: SshTarget, options: ConnectOptions = {}) => {
  const connection = await connectHost(target, { home: lab.home, ...options });
  try {
    return (await connection.check("whoami")).trim();
  } finally {
    connection.close();
  }
};
const local = (port: number, hostKey?: string): SshTarget => ({
  target: `${lab.user}@127.0.0.1`,
  port,
  ...(hostKey === undefined ? {} : { hostKey }),
});

describe("host keys", () => {
  it("takes a pinned key and says what it proved", async () => {
    const server = await lab.startServer({ hostKeyTypes: ["rsa", "ecdsa", "ed25519"] });
    const connection = await connectHost(local(server.port, `${server.hostKeys[2]} comment`), { home: lab.home });
    expect(connection).toMatchObject({ hostKey: server.hostKeys[2], address: "127.0.0.1", viaProxy: false });
    connection.close();
  });

  it("asks for Ed25519 first, and for the kind that is known before that", async () => {
    const server = await lab.startServer({ hostKeyTypes: ["rsa", "ecdsa", "ed25519"] });
    const asked: string[] = [];
    await failure(local(server.port), {
      confirmHostKey: async ({ hostKey }) => {
        asked.push(hostKey);
        return false;
      },
    });
    expect(asked).toEqual([server.hostKeys[2]]);
    lab.write(".ssh/known_hosts", `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
    expect(await whoAmI(local(server.port))).toBe(lab.user);
  });

  it("refuses an unknown key when nobody can be asked", async () => {
    const server = await lab.startServer();
    const error = await failure(local(server.port));
    expect(error.code).toBe("TM_SSH_HOST_KEY_UNKNOWN");
    expect(error.message).toContain(hostKeyFingerprint(server.hostKeys[0]));
  });

  it("keeps a key that was confirmed, after a line that lacks its end", async () => {
    const server = await lab.startServer();
    lab.write(".ssh/known_hosts", "other.example ssh-ed25519 AAAA");
    lab.write(".ssh/config", "HashKnownHosts no\n");
    expect(await whoAmI(local(server.port), { confirmHostKey: async () => true })).toBe(lab.user);
    expect(await whoAmI(local(server.port))).toBe(lab.user);
    expect(readFileSync(path.join(lab.home, ".ssh/known_hosts"), "utf8")).toBe(
      `other.example ssh-ed25519 AAAA\n[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`,
    );
  });

  it("writes what HashKnownHosts, UserKnownHostsFile and StrictHostKeyChecking ask for", async () => {
    const server = await lab.startServer();
    const confirmHostKey = async () => true;
    lab.write(".ssh/config", "HashKnownHosts yes\nUserKnownHostsFile ~/mine ~/other\n");
    expect(await whoAmI(local(server.port), { confirmHostKey })).toBe(lab.user);
    expect(readFileSync(path.join(lab.home, "mine"), "utf8")).toMatch(/^\|1\|[^ ]+ ssh-ed25519 \S+\n$/);
    const found = execFileSync("ssh-keygen", ["-F", `[127.0.0.1]:${server.port}`, "-f", path.join(lab.home, "mine")]);
    expect(found.toString()).toContain(server.hostKeys[0]);
    expect(await whoAmI(local(server.port))).toBe(lab.user);
    lab.write(".ssh/config", "UserKnownHostsFile /dev/null\n");
    expect(await whoAmI(local(server.port), { confirmHostKey })).toBe(lab.user);
    expect((await failure(local(server.port))).code).toBe("TM_SSH_HOST_KEY_UNKNOWN");
    for (const value of ["no", "off", "accept-new", "ask"]) {
      lab.write(".ssh/config", `StrictHostKeyChecking ${value}\nUserKnownHostsFile none\n`);
      expect((await failure(local(server.port))).code).toBe("TM_SSH_HOST_KEY_UNKNOWN");
      expect(await whoAmI(local(server.port), { confirmHostKey })).toBe(lab.user);
    }
    lab.write(".ssh/config", "StrictHostKeyChecking yes\n");
    expect((await failure(local(server.port), { confirmHostKey })).code).toBe("TM_SSH_HOST_KEY_UNKNOWN");
  });

  it("believes no key of RevokedHostKeys, and nothing where that cannot be read", async () => {
    const server = await lab.startServer();
    lab.write(".ssh/known_hosts", `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
    lab.write(".ssh/config", "RevokedHostKeys ~/revoked\n");
    expect((await failure(local(server.port))).code).toBe("TM_SSH_CONFIGURATION");
    lab.write("revoked", `# gone\n${server.hostKeys[0]} old\n`);
    expect((await failure(local(server.port))).code).toBe("TM_SSH_HOST_KEY_CHANGED");
    lab.write("revoked", "");
    expect(await whoAmI(local(server.port))).toBe(lab.user);
    writeFileSync(path.join(lab.home, "key.pub"), server.hostKeys[0]);
    execFileSync("ssh-keygen", ["-q", "-k", "-f", path.join(lab.home, "revoked"), path.join(lab.home, "key.pub")]);
    expect((await failure(local(server.port))).message).toContain("key revocation list");
  });

  it("finds a key that known_hosts has without the port, and takes another one there for no change", async () => {
    const server = await lab.startServer();
    lab.write(".ssh/known_hosts", `127.0.0.1 ${server.hostKeys[0]}\n`);
    expect(await whoAmI(local(server.port))).toBe(lab.user);
    lab.write(
      ".ssh/known_hosts",
      `127.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEoaZFvgKyZg75GHxXua5ltzphNtNzfgm/uNjt39e99\n`,
    );
    expect((await failure(local(server.port))).code).toBe("TM_SSH_HOST_KEY_UNKNOWN");
  });

  it("finds names that ssh-keygen hashed", async () => {
    const server = await lab.startServer();
    lab.write(".ssh/known_hosts", `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
    const file = path.join(lab.home, ".ssh/known_hosts");
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
    expect(readFileSync(file, "utf8")).toMatch(/^\|1\|/);
    expect(await whoAmI(local(server.port))).toBe(lab.user);
  });

  it("never takes a changed key, whoever says yes", async () => {
    const server = await lab.startServer();
    await server.stop();
    lab.write(".ssh/known_hosts", `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
    const other = await lab.startServer({ port: server.port });
    const error = await failure(local(server.port), { confirmHostKey: async () => true });
    expect(error.code).toBe("TM_SSH_HOST_KEY_CHANGED");
    expect(error.message).toContain(hostKeyFingerprint(server.hostKeys[0]));
    expect(error.message).toContain(hostKeyFingerprint(other.hostKeys[0]));
    expect(error.advice?.join()).toContain(`ssh-keygen -R '[127.0.0.1]:${server.port}'`);
    expect((await failure(local(server.port, server.hostKeys[0]))).code).toBe("TM_SSH_HOST_KEY_CHANGED");
  });

  it("refuses a revoked key", async () => {
    const server = await lab.startServer();
    lab.write(
      ".ssh/known_hosts",
      `@revoked * ${server.hostKeys[0]}\n[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`,
    );
    expect((await failure(local(server.port))).code).toBe("TM_SSH_HOST_KEY_CHANGED");
  });
});

describe("configuration", () => {
  it("reads alias, user, port, key and include", async () => {
    const server = await lab.startServer();
    lab.authorize(lab.makeKey(path.join(lab.folder, "special")));
    lab.write(".ssh/conf.d/hub.conf", `Host hub\n  HostName 127.0.0.1\n  Port ${server.port}\n  User ${lab.user}\n`);
    lab.write(
      ".ssh/config",
      `Include conf.d/*.conf\n\nHost hub\n  IdentityFile ${lab.folder}/special\n  IdentitiesOnly yes\n`,
    );
    expect(await whoAmI({ target: "hub", hostKey: server.hostKeys[0] })).toBe(lab.user);
  });

  it("goes through a jump host, and looks both up in known_hosts", async () => {
    const [jump, target] = await Promise.all([lab.startServer(), lab.startServer()]);
    lab.write(
      ".ssh/config",
      `Host inner\n  HostName 127.0.0.1\n  Port ${target.port}\n  User ${lab.user}\n  ProxyJump outer\n` +
        `Host outer\n  HostName 127.0.0.1\n  Port ${jump.port}\n  User ${lab.user}\n`,
    );
    lab.write(
      ".ssh/known_hosts",
      `[127.0.0.1]:${target.port} ${target.hostKeys[0]}\n[127.0.0.1]:${jump.port} ${jump.hostKeys[0]}\n`,
    );
    const connection = await connectHost({ target: "inner" }, { home: lab.home });
    expect(connection).toMatchObject({ viaProxy: true, hostKey: target.hostKeys[0] });
    expect((await connection.check("echo $SSH_CONNECTION")).split(" ")[3]?.trim()).toBe(`${target.port}`);
    connection.close();
    await target.stop();
    expect((await failure({ target: "inner" })).code).toBe("TM_SSH_REFUSED");
  });

  it("goes through a ProxyCommand, says what it said when it fails, and ends it", async () => {
    const server = await lab.startServer();
    const pipe = path.join(lab.folder, "pipe.mjs");
    writeFileSync(
      pipe,
      'import { connect } from "node:net"; const [, , host, port] = process.argv; const socket = connect(port, host); process.stdin.pipe(socket).pipe(process.stdout);',
    );
    const command = `host=%h; echo started >&2; exec "${process.execPath}" "${pipe}" $host %p`;
    lab.write(
      ".ssh/config",
      `Host via\n  HostName 127.0.0.1\n  Port ${server.port}\n  ProxyCommand sh -c '${command}'\n`,
    );
    lab.write(".ssh/known_hosts", `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
    expect(await whoAmI({ target: `${lab.user}@via` })).toBe(lab.user);
    lab.write(".ssh/config", "Host *\n  ProxyCommand sh -c 'printf \"no \\033[31mway\" >&2; exit 3'\n");
    const error = await failure({ target: "anything" });
    expect(error.code).toBe("TM_SSH_HANDSHAKE");
    expect(error.message).toContain("ProxyCommand ended with 3: no \\x1b[31mway");
    const still = `sleep 4242.${process.pid}`;
    lab.write(".ssh/config", `Host *\n  ProxyCommand ${still}\n`);
    expect((await failure({ target: "anything" }, { timeout: 300 })).code).toBe("TM_SSH_TIMEOUT");
    const programs = (): string => execFileSync("ps", ["axww", "-o", "args"], { encoding: "utf8" });
    await vi.waitFor(() => expect(programs()).not.toContain(still), { timeout: 10_000 });
  });
});

describe("algorithms", () => {
  it("are those of ssh_config, with + - and ^, and what nobody knows is said", async () => {
    const extra = "Ciphers aes256-ctr\nMACs hmac-sha1\nKexAlgorithms diffie-hellman-group14-sha1\nCompression yes";
    const server = await lab.startServer({ extra });
    const target = local(server.port, server.hostKeys[0]);
    expect((await failure(target)).code).toBe("TM_SSH_HANDSHAKE");
    lab.write(".ssh/config", "KexAlgorithms +diffie-hellman-group14-sha1\nCompression yes\nCiphers ^aes256-ctr\n");
    expect(await whoAmI(target)).toBe(lab.user);
    lab.write(".ssh/config", "KexAlgorithms +diffie-hellman-group14-sha1\nCiphers -aes256-*\n");
    expect((await failure(target)).code).toBe("TM_SSH_HANDSHAKE");
    lab.write(".ssh/config", "Ciphers made-up\n");
    expect((await failure(target)).message).toContain("knows none of ciphers made-up");
  });

  it("of host keys come in the order of HostKeyAlgorithms", async () => {
    const server = await lab.startServer({ hostKeyTypes: ["ed25519", "ecdsa"] });
    lab.write(".ssh/config", "HostKeyAlgorithms ecdsa-sha2-nistp256,ssh-ed25519\n");
    const asked: string[] = [];
    await failure(local(server.port), {
      confirmHostKey: async ({ hostKey }) => {
        asked.push(hostKey);
        return false;
      },
    });
    expect(asked).toEqual([server.hostKeys[1]]);
  });
});

describe("login", () => {
  it("lists the keys that were tried", async () => {
    const server = await lab.startServer();
    writeFileSync(path.join(lab.folder, "authorized_keys"), "");
    lab.makeKey(path.join(lab.folder, "more"));
    const error = await failure(local(server.port, server.hostKeys[0]), { identityFiles: [`${lab.folder}/more`] });
    expect(error.code).toBe("TM_SSH_AUTH");
    expect(error.message).toContain(`${lab.folder}/more: refused; ${lab.home}/.ssh/id_ed25519: refused`);
  });

  it("offers the keys of an agent", async () => {
    const server = await lab.startServer();
    const agent = lab.startAgent();
    lab.authorize(lab.makeKey(path.join(lab.folder, "held")));
    agent.add(path.join(lab.folder, "held"));
    vi.stubEnv("SSH_AUTH_SOCK", agent.socket);
    execFileSync("rm", [path.join(lab.home, ".ssh/id_ed25519"), path.join(lab.folder, "held")]);
    expect(await whoAmI(local(server.port, server.hostKeys[0]))).toBe(lab.user);
  });

  it("asks for the passphrase of a key, or says that it could not", async () => {
    const server = await lab.startServer();
    const file = path.join(lab.folder, "locked");
    lab.authorize(lab.makeKey(file, { passphrase: "correct horse" }));
    execFileSync("rm", [path.join(lab.home, ".ssh/id_ed25519")]);
    const target = local(server.port, server.hostKeys[0]);
    expect((await failure(target, { identityFiles: [file] })).message).toContain("locked: encrypted");
    const answers = ["wrong", "correct horse"];
    const askSecret = async () => answers.shift() ?? "";
    expect(await whoAmI(target, { identityFiles: [file], askSecret })).toBe(lab.user);
    expect(answers).toEqual([]);
    // Remembered for the run, and given up after three wrong ones in another.
    expect(await whoAmI(target, { identityFiles: [file], askSecret })).toBe(lab.user);
    const wrong = vi.fn(async () => "wrong");
    expect((await failure(target, { identityFiles: [file], askSecret: wrong })).message).toContain("is not right");
    expect((await failure(target, { identityFiles: [file], askSecret: wrong })).message).toContain("is not right");
    expect(wrong).toHaveBeenCalledTimes(3);
  });

  it("says which named key file is not there", async () => {
    const server = await lab.startServer();
    const error = await failure(local(server.port, server.hostKeys[0]), { identityFiles: ["/nonexistent/key"] });
    expect(error.code).toBe("TM_SSH_KEY_FILE");
  });
});

describe("reaching", () => {
  it("tells refused, unresolved and silent hosts apart", async () => {
    expect((await failure(local(await freePort()))).code).toBe("TM_SSH_REFUSED");
    expect((await failure({ target: "root@host.invalid" })).code).toBe("TM_SSH_DNS");
    const silent = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    expect((await failure(local(port), { timeout: 300 })).code).toBe("TM_SSH_TIMEOUT");
    silent.on("connection", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect((await failure(local(port))).code).toBe("TM_SSH_HANDSHAKE");
    silent.close();
  });

  it("does not count the time of a question, and stops when aborted", async () => {
    const server = await lab.startServer();
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return true;
    };
    expect(await whoAmI(local(server.port), { timeout: 1000, confirmHostKey: slow })).toBe(lab.user);
    const aborter = new AbortController();
    const reason = new Error("stop");
    const pending = failure(local(await freePort().then(() => server.port), server.hostKeys[0]), {
      signal: aborter.signal,
    });
    aborter.abort(reason);
    expect(await pending).toBe(reason);
  });
});
