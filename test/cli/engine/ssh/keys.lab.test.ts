// Every kind of key and certificate, at real sshd processes: files, agent, passphrases, and how many may be tried.
import { execFileSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import type { ConnectOptions, SshTarget } from "../../../../cli/engine/ssh/connection.ts";
import { startSecurityKeyAgent } from "./security-key.ts";
import { createSshLab, type SshLab, type SshServer } from "./sshd.ts";

let lab: SshLab;
let authority: string;
beforeEach(() => {
  lab = createSshLab();
  vi.stubEnv("SSH_AUTH_SOCK", "");
  authority = path.join(lab.folder, "authority");
  lab.makeKey(authority);
});
afterEach(() => {
  vi.unstubAllEnvs();
  lab.close();
});

const here = (server: SshServer): SshTarget => ({
  target: `${lab.user}@127.0.0.1`,
  port: server.port,
  hostKey: server.hostKeys[0],
});
const login = async (target: SshTarget, options: ConnectOptions = {}) => {
  const connection = await connectHost(target, { home: lab.home, ...options });
  connection.close();
  return connection.hostKey;
};
const failure = (target: SshTarget, options: ConnectOptions = {}) =>
  login(target, options).then(
    () => ({ code: "none", message: "" }),
    (error: unknown) => error as { code: string; message: string },
  );
const trusting = () => lab.startServer({ extra: `TrustedUserCAKeys ${authority}.pub\nAuthorizedKeysFile none` });
const certify = (key: string, ...words: string[]) =>
  execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "test", "-n", lab.user, ...words, `${key}.pub`]);

describe("keys", () => {
  it.each(["ed25519", "ecdsa", "rsa"])("logs in with %s, from a file and from the agent", async (type) => {
    const server = await lab.startServer();
    const file = path.join(lab.folder, "own");
    rmSync(path.join(lab.home, ".ssh/id_ed25519"));
    lab.authorize(lab.makeKey(file, { type }));
    lab.write(".ssh/config", `IdentityFile ${file}\n`);
    expect(await login(here(server))).toBe(server.hostKeys[0]);
    const agent = lab.startAgent();
    agent.add(file);
    rmSync(file);
    expect((await failure(here(server))).code).toBe("TM_SSH_AUTH");
    lab.write(".ssh/config", `IdentityFile ${file}\nIdentitiesOnly yes\nIdentityAgent ${agent.socket}\n`);
    expect(await login(here(server))).toBe(server.hostKeys[0]);
  });

  it("logs in with a security key that the agent holds", async () => {
    const server = await lab.startServer();
    rmSync(path.join(lab.home, ".ssh/id_ed25519"));
    const socketPath = path.join(lab.folder, "token.sock");
    const token = await startSecurityKeyAgent(socketPath);
    vi.stubEnv("SSH_AUTH_SOCK", socketPath);
    expect((await failure(here(server))).message).toContain("token (agent): refused");
    lab.authorize(token.publicKey);
    expect(await login(here(server))).toBe(server.hostKeys[0]);
    token.server.close();
    expect((await failure(here(server))).code).toBe("TM_SSH_AUTH");
  });

  it("asks for no passphrase where the host refuses the key", async () => {
    const server = await lab.startServer();
    const file = path.join(lab.folder, "strange");
    lab.makeKey(file, { passphrase: "secret" });
    const askSecret = vi.fn(async () => "secret");
    await login(here(server), { identityFiles: [file], askSecret });
    expect(askSecret).not.toHaveBeenCalled();
  });

  it("asks for a passphrase once, however many hosts want it at the same time", async () => {
    const servers = await Promise.all([lab.startServer(), lab.startServer(), lab.startServer()]);
    const file = path.join(lab.folder, "locked");
    lab.authorize(lab.makeKey(file, { passphrase: "secret" }));
    const askSecret = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return "secret";
    });
    await Promise.all(servers.map((server) => login(here(server), { identityFiles: [file], askSecret })));
    expect(askSecret).toHaveBeenCalledTimes(1);
  });

  it("leaves out what PubkeyAcceptedAlgorithms and PubkeyAuthentication leave out", async () => {
    const server = await lab.startServer();
    lab.write(".ssh/config", "PubkeyAcceptedAlgorithms ecdsa-*\n");
    expect((await failure(here(server))).message).toContain("no key was found to offer");
    lab.write(".ssh/config", "PubkeyAuthentication no\n");
    expect((await failure(here(server))).message).toContain("no key was found to offer");
  });
});

describe("many keys", () => {
  it("in the agent: a named one comes first, and being locked out says what to do", async () => {
    const server = await lab.startServer({ extra: "MaxAuthTries 4" });
    const agent = lab.startAgent();
    for (let n = 0; n < 6; n += 1) {
      lab.makeKey(path.join(lab.folder, `other${n}`));
      agent.add(path.join(lab.folder, `other${n}`));
    }
    vi.stubEnv("SSH_AUTH_SOCK", agent.socket);
    const error = await failure(here(server));
    expect(error.code).toBe("TM_SSH_TOO_MANY_KEYS");
    expect(error.message).toContain("other0 (agent): refused");
    expect(error.message).toContain("3 more were not tried");
    lab.write(".ssh/config", "IdentityFile ~/.ssh/id_ed25519\n");
    expect(await login(here(server))).toBe(server.hostKeys[0]);
  });
});

describe("certificates of users", () => {
  it.each(["ed25519", "ecdsa", "rsa"])("beside the key: %s", async (type) => {
    const server = await trusting();
    const file = path.join(lab.home, ".ssh", `id_${type}`);
    rmSync(file, { force: true });
    lab.makeKey(file, { type });
    expect((await failure(here(server))).message).toContain(`${file}: refused`);
    certify(file);
    expect(await login(here(server))).toBe(server.hostKeys[0]);
  });

  it("named by CertificateFile, with the key in a file that has a passphrase", async () => {
    const server = await trusting();
    const file = path.join(lab.folder, "locked");
    lab.makeKey(file, { passphrase: "secret" });
    certify(file);
    renameSync(`${file}-cert.pub`, path.join(lab.folder, "elsewhere.pub"));
    lab.write(".ssh/config", `IdentityFile ${file}\nCertificateFile ${lab.folder}/elsewhere.pub\n`);
    expect(await login(here(server), { askSecret: async () => "secret" })).toBe(server.hostKeys[0]);
  });

  it("held by the agent", async () => {
    const server = await trusting();
    const file = path.join(lab.folder, "held");
    lab.makeKey(file);
    certify(file);
    const agent = lab.startAgent();
    agent.add(file);
    for (const end of ["", ".pub", "-cert.pub"]) rmSync(file + end);
    vi.stubEnv("SSH_AUTH_SOCK", agent.socket);
    expect(await login(here(server))).toBe(server.hostKeys[0]);
  });

  it("refused by the host when it has expired", async () => {
    const server = await trusting();
    const file = path.join(lab.home, ".ssh/id_ed25519");
    certify(file, "-V", "20200101:20200102");
    const error = await failure(here(server));
    expect(error.code).toBe("TM_SSH_AUTH");
    expect(error.message).toContain(`${file}-cert.pub: refused; ${file}: refused`);
  });
});

describe("certificates of hosts", () => {
  const trust = (extra = "") => {
    const key = execFileSync("ssh-keygen", ["-y", "-f", authority], { encoding: "utf8" }).trim();
    lab.write(".ssh/known_hosts", `@cert-authority 127.0.0.*,[127.0.0.*]:* ${key}\n${extra}`);
    return key;
  };
  const open = (server: SshServer): SshTarget => ({ target: `${lab.user}@127.0.0.1`, port: server.port });
  const start = (type: string, ...words: string[]) =>
    lab.startServer({
      hostKeyTypes: [type],
      certify: (file) => execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "test", "-h", ...words, file]),
    });

  it.each(["ed25519", "ecdsa", "rsa"])(
    "signed by an authority that is known: %s, and the plain key is what is proved",
    async (type) => {
      const server = await start(type, "-n", "127.0.0.1");
      trust();
      expect(await login(open(server))).toBe(server.hostKeys[0]);
      lab.write(".ssh/known_hosts", "");
      expect((await failure(open(server))).code).toBe("TM_SSH_HOST_KEY_UNKNOWN");
    },
  );

  it("through a jump host", async () => {
    const [jump, server] = [await lab.startServer(), await start("ed25519", "-n", "127.0.0.1")];
    trust(`[127.0.0.1]:${jump.port} ${jump.hostKeys[0]}\n`);
    lab.write(
      ".ssh/config",
      `Host inner\n HostName 127.0.0.1\n Port ${server.port}\n ProxyJump ${lab.user}@127.0.0.1:${jump.port}\n`,
    );
    expect(await login({ target: `${lab.user}@inner` })).toBe(server.hostKeys[0]);
  });

  it("not for another name, after its time, of another authority or revoked: then as without, and it says why", async () => {
    const named = await start("ed25519", "-n", "other.example");
    const key = trust();
    expect((await failure(open(named))).message).toContain("does not count: it is for other.example");
    const old = await start("ed25519", "-n", "127.0.0.1", "-V", "20200101:20200102");
    expect((await failure(open(old))).message).toContain("it has expired");
    const anybody = await start("ed25519");
    expect((await failure(open(anybody))).message).toContain("it names no host");
    const good = await start("ed25519", "-n", "127.0.0.1");
    trust(`@revoked * ${key}\n`);
    expect((await failure(open(good))).message).toContain("its authority is revoked");
    lab.write(".ssh/known_hosts", `@cert-authority * ${good.hostKeys[0]}\n`);
    expect((await failure(open(good))).message).toContain("its authority is not in known_hosts");
    trust(`[127.0.0.1]:${named.port} ${named.hostKeys[0]}\n`);
    expect(await login(open(named))).toBe(named.hostKeys[0]);
    lab.write(".ssh/config", "CASignatureAlgorithms ecdsa-sha2-nistp256\n");
    trust();
    expect((await failure(open(good))).message).toContain("ssh-ed25519 may not sign certificates");
  });
});
