// A project of its own for one end-to-end test: a stack of local hosts, an admin key, the real command line and the real ssh.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One test's project folder; `stack` names the stack and with it the mesh, so two tests never share hosts. */
export class Project {
  readonly folder: string;
  readonly stack: string;
  readonly key: string;

  /** Added to the environment of the command line. */
  environment: Readonly<Record<string, string>> = {};

  constructor(purpose: string, folder = mkdtempSync(path.join(tmpdir(), `tm-e2e-${purpose}-`))) {
    this.folder = folder;
    this.stack = `e2e-${purpose}-${process.pid}`;
    this.key = path.join(this.folder, "keys/admin");
  }

  /** Makes keys/admin and writes stack.ts. */
  create(members: string): this {
    mkdirSync(path.join(this.folder, "keys"), { recursive: true });
    writeFileSync(path.join(this.folder, "package.json"), '{ "type": "module" }\n');
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "e2e", "-f", this.key]);
    this.write(members);
    return this;
  }

  /** Replaces the lines of stack.ts that add members to `mesh`. */
  write(members: string): void {
    writeFileSync(
      path.join(this.folder, "stack.ts"),
      `import { defineStack, Droplet, LocalHost, Mesh, SshHost, icmp, tcp } from "tunnelmesh";
export default defineStack(${JSON.stringify(this.stack)}, () => {
  const mesh = new Mesh({ admins: ["./keys/admin.pub"] });
  void [Droplet, LocalHost, SshHost, icmp, tcp];
${members}
  return { mesh };
});
`,
    );
  }

  get mesh(): string {
    return `${this.stack}-main`;
  }

  /** Runs the command line in this project and waits for it. */
  tm(parameters: readonly string[], options: { timeout?: number; input?: string } = {}): Promise<Outcome> {
    return this.start(parameters, options).done;
  }

  /** Starts the command line in a process group of its own, so that a test can kill it and all it started. */
  start(
    parameters: readonly string[],
    options: { timeout?: number } = {},
  ): { readonly pid: number; readonly done: Promise<Outcome> } {
    const child = spawn("sh", [path.join(root, "tm"), ...parameters], {
      cwd: this.folder,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", TM_STAGE: "main", ...this.environment },
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output.stderr += chunk;
    });
    const pid = child.pid ?? 0;
    const done = new Promise<Outcome>((resolve, reject) => {
      const timer = setTimeout(() => killGroup(pid), options.timeout ?? 240_000);
      child.once("error", reject);
      child.once("close", (code) => {
        clearTimeout(timer);
        resolve({ code: code ?? -1, ...output });
      });
    });
    return { pid, done };
  }

  /** The one JSON document of a command that must succeed. */
  async json<T>(parameters: readonly string[]): Promise<T> {
    const outcome = await this.tm([...parameters, "--json"]);
    if (outcome.code !== 0)
      throw new Error(`tm ${parameters.join(" ")} ended with ${outcome.code}:\n${outcome.stdout}\n${outcome.stderr}`);
    return JSON.parse(outcome.stdout) as T;
  }

  /** Runs a shell command on a local host as root, with the real ssh. */
  on(address: string, command: string, input = ""): Outcome {
    const options = [
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "LogLevel=ERROR",
      "BatchMode=yes",
      "ConnectTimeout=10",
    ];
    const result = spawnSync(
      "ssh",
      ["-i", this.key, ...options.flatMap((option) => ["-o", option]), `root@${address}`, command],
      {
        encoding: "utf8",
        timeout: 120_000,
        input,
      },
    );
    return { code: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
  }

  /** Addresses of this project's local hosts by name. */
  async addresses(): Promise<Record<string, string>> {
    const { hosts } = await this.json<{ hosts: { name: string; network: string; address: string }[] }>([
      "local",
      "list",
    ]);
    return Object.fromEntries(
      hosts.filter((host) => host.network === this.mesh).map((host) => [host.name, host.address]),
    );
  }

  /** Takes the mesh and its hosts away, whatever state they are in, and the folder. */
  async remove(): Promise<void> {
    await this.tm(["destroy", "--yes"]);
    await this.tm(["local", "rm", "--network", this.mesh, "--yes"]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Kills a process group with SIGKILL; one that is gone already is fine. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
