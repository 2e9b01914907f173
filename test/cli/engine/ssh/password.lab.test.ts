// Logins that a person answers: passwords and keyboard-interactive at a real sshd, for a user that is made for this.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import type { ConnectOptions } from "../../../../cli/engine/ssh/connection.ts";
import { createSshLab, type SshLab, type SshServer } from "./sshd.ts";

const user = `tmssh${process.pid}`;
const password = "correct-horse-7";
let lab: SshLab;
beforeAll(() => {
  execFileSync("useradd", ["--no-create-home", "--shell", "/bin/sh", user]);
  execFileSync("chpasswd", { input: `${user}:${password}\n` });
});
afterAll(() => execFileSync("userdel", [user]));
beforeEach(() => {
  lab = createSshLab();
  vi.stubEnv("SSH_AUTH_SOCK", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  lab.close();
});

const byPassword = "PasswordAuthentication yes\nKbdInteractiveAuthentication no";
const byKeyboard = "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes";
const login = async (server: SshServer, options: ConnectOptions = {}) => {
  const target = { target: `${user}@127.0.0.1`, port: server.port, hostKey: server.hostKeys[0] };
  const connection = await connectHost(target, { home: lab.home, ...options });
  try {
    return (await connection.check("whoami")).trim();
  } finally {
    connection.close();
  }
};
const failure = (server: SshServer, options: ConnectOptions = {}) =>
  login(server, options).then(
    () => ({ code: "none", message: "" }),
    (error: unknown) => error as { code: string; message: string },
  );
const answering = (...answers: string[]) => vi.fn(async (_question: string) => answers.shift() ?? password);

describe.each([
  ["password", byPassword],
  ["keyboard-interactive", byKeyboard],
])("%s", (method, extra) => {
  const strangers = () => lab.startServer({ extra: `${extra}\nAuthorizedKeysFile none` });

  it("is asked once for all connections of a run", async () => {
    const server = await strangers();
    const askSecret = answering();
    expect(await Promise.all([1, 2, 3].map(() => login(server, { askSecret })))).toEqual([user, user, user]);
    expect(await login(server, { askSecret })).toBe(user);
    expect(askSecret).toHaveBeenCalledTimes(1);
    expect(askSecret.mock.calls[0]?.[0]).toContain(`${user} on ${user}@127.0.0.1`);
  });

  it("is asked three times at most, and again after a wrong one", async () => {
    const server = await strangers();
    const second = answering("wrong");
    expect(await login(server, { askSecret: second })).toBe(user);
    expect(second).toHaveBeenCalledTimes(2);
    const never = vi.fn(async () => "wrong");
    expect((await failure(server, { askSecret: never })).code).toBe("TM_SSH_AUTH");
    expect((await failure(server, { askSecret: never })).code).toBe("TM_SSH_AUTH");
    expect(never).toHaveBeenCalledTimes(3);
  });

  it("is not asked without somebody to answer, with BatchMode, or when it is switched off", async () => {
    const server = await strangers();
    expect((await failure(server)).code).toBe("TM_SSH_AUTH");
    const askSecret = answering();
    const off = method === "password" ? "PasswordAuthentication no" : "KbdInteractiveAuthentication no";
    for (const config of ["BatchMode yes", off, "PreferredAuthentications publickey", "NumberOfPasswordPrompts 0"]) {
      lab.write(".ssh/config", `${config}\n`);
      expect((await failure(server, { askSecret })).code).toBe("TM_SSH_AUTH");
    }
    expect(askSecret).not.toHaveBeenCalled();
    lab.write(".ssh/config", "NumberOfPasswordPrompts 1\n");
    const wrong = vi.fn(async () => "wrong");
    expect((await failure(server, { askSecret: wrong })).code).toBe("TM_SSH_AUTH");
    expect(wrong).toHaveBeenCalledTimes(1);
  });

  it("comes after a key where the host wants both", async () => {
    const both = `${extra}\nAuthenticationMethods publickey,${method}`;
    const server = await lab.startServer({ extra: both });
    // sshd reads it as the user.
    chmodSync(lab.folder, 0o755);
    chmodSync(path.join(lab.folder, "authorized_keys"), 0o644);
    expect((await failure(server)).message).toContain("id_ed25519: accepted, not enough");
    const askSecret = answering();
    expect(await login(server, { askSecret })).toBe(user);
    expect(askSecret).toHaveBeenCalledTimes(1);
  });
});

it.runIf(existsSync("/usr/bin/sudo"))(
  "sudo's password is asked once for all connections, and again after a wrong one",
  async () => {
    const rule = `/etc/sudoers.d/${user}`;
    writeFileSync(rule, `${user} ALL=(ALL) ALL\n`, { mode: 0o440 });
    try {
      const server = await lab.startServer({ extra: byPassword });
      const target = { target: `${user}@127.0.0.1`, port: server.port, hostKey: server.hostKeys[0] };
      const answers = [password, "wrong", password];
      const askSecret = vi.fn(async (_question: string) => answers.shift() ?? "");
      const connect = () => connectHost(target, { home: lab.home, askSecret });
      const connections = await Promise.all([connect(), connect()]);
      const said = await Promise.all(connections.map((one) => one.check("id -u; cat", { root: true, stdin: "input" })));
      for (const one of connections) one.close();
      expect(said).toEqual(["0\ninput", "0\ninput"]);
      expect(askSecret.mock.calls.map(([question]) => /for sudo/.test(question))).toEqual([false, true, true]);
    } finally {
      rmSync(rule);
    }
  },
);
