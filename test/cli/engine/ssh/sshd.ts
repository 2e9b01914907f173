// Starts real sshd processes on 127.0.0.1 with their own keys and configuration, and removes them again.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";

export interface SshLab {
  readonly folder: string;
  /** A home with .ssh/id_ed25519, whose public half the servers accept. */
  readonly home: string;
  readonly user: string;
  startServer(options?: {
    port?: number;
    hostKeyTypes?: readonly string[];
    extra?: string;
    /** Makes FILE-cert.pub of each host key before the server starts. */
    certify?: (hostKeyFile: string) => void;
  }): Promise<SshServer>;
  /** Writes a file below the home, 0600. */
  write(file: string, text: string): void;
  makeKey(file: string, options?: { type?: string; passphrase?: string }): string;
  authorize(publicKey: string): void;
  startAgent(): { socket: string; add(file: string): void };
  close(): void;
}

export interface SshServer {
  readonly port: number;
  /** Public halves, "TYPE BASE64", in the order of hostKeyTypes. */
  readonly hostKeys: readonly [string, ...string[]];
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export function createSshLab(): SshLab {
  const folder = mkdtempSync(path.join(tmpdir(), "tm-ssh-"));
  const home = path.join(folder, "home");
  mkdirSync(path.join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const processes: ChildProcess[] = [];
  const agents: number[] = [];
  const authorized = path.join(folder, "authorized_keys");
  const lab: SshLab = {
    folder,
    home,
    user: userInfo().username,
    makeKey(file, { type = "ed25519", passphrase = "" } = {}) {
      execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", path.basename(file), "-f", file]);
      return readFileSync(`${file}.pub`, "utf8").trim();
    },
    authorize(publicKey) {
      writeFileSync(authorized, `${publicKey}\n`, { flag: "a", mode: 0o600 });
    },
    write(file, text) {
      mkdirSync(path.dirname(path.join(home, file)), { recursive: true, mode: 0o700 });
      writeFileSync(path.join(home, file), text, { mode: 0o600 });
    },
    async startServer({ port, hostKeyTypes = ["ed25519"], extra = "", certify } = {}) {
      const place = mkdtempSync(path.join(folder, "sshd-"));
      const chosen = port ?? (await freePort());
      const hostKeys = hostKeyTypes.map((type) => lab.makeKey(path.join(place, `host_${type}`), { type }));
      const hostKeyFiles = hostKeyTypes.map((type) => path.join(place, `host_${type}`));
      if (certify !== undefined) for (const file of hostKeyFiles) certify(`${file}.pub`);
      const configuration = [
        // The first value counts.
        extra,
        `Port ${chosen}`,
        "ListenAddress 127.0.0.1",
        ...hostKeyFiles.map((file) => `HostKey ${file}`),
        ...(certify === undefined ? [] : hostKeyFiles.map((file) => `HostCertificate ${file}-cert.pub`)),
        `AuthorizedKeysFile ${authorized}`,
        `PidFile ${path.join(place, "pid")}`,
        "StrictModes no",
        "PasswordAuthentication no",
        "PermitRootLogin yes",
        "UsePAM no",
        "",
      ].join("\n");
      writeFileSync(path.join(place, "config"), configuration);
      mkdirSync("/run/sshd", { recursive: true });
      const server = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", path.join(place, "config")], { stdio: "ignore" });
      processes.push(server);
      await waitForPort(chosen);
      const [first, ...others] = hostKeys.map((line) => line.split(" ").slice(0, 2).join(" "));
      return {
        port: chosen,
        hostKeys: [first!, ...others],
        process: server,
        stop: () =>
          new Promise((resolve) => {
            server.once("exit", () => resolve());
            server.kill();
          }),
      };
    },
    startAgent() {
      const socket = path.join(folder, `agent-${agents.length}.sock`);
      const output = execFileSync("ssh-agent", ["-a", socket], { encoding: "utf8" });
      agents.push(Number(/SSH_AGENT_PID=(\d+)/.exec(output)?.[1]));
      return {
        socket,
        add: (file) => {
          execFileSync("ssh-add", ["-q", file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
        },
      };
    },
    close() {
      for (const server of processes) server.kill("SIGKILL");
      // Left to itself an agent removes its socket while the folder is removed.
      for (const pid of agents) process.kill(pid, "SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  lab.authorize(lab.makeKey(path.join(home, ".ssh/id_ed25519")));
  // Debian's own configuration says yes, others say nothing.
  lab.write(".ssh/config", "HashKnownHosts no\n");
  return lab;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function waitForPort(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd did not listen on ${port}`);
}
