// A coordinator as its own process, in a folder of its own, on loopback.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { AdminRequest, CoordinatorStatus, Reservation } from "../../protocol/control/admin.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { formatMeshFile } from "../../protocol/trust/mesh-file.ts";

const main = path.join(import.meta.dirname, "../../coordinator/main.ts");

export class AdminError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code} ${message}`);
    this.code = code;
  }
}

export class CoordinatorProcess {
  readonly root: string;
  readonly mesh: string;
  /** Everything it wrote. */
  output = "";
  port = 0;
  /** Where it listens; changed before a start. */
  host = "127.0.0.1";
  #child: ChildProcess | undefined;
  readonly #arguments: readonly string[];
  readonly #view: MeshView;

  /** @param items genesis first */
  constructor(view: MeshView, items: readonly SignedItem[], more: readonly string[] = []) {
    this.root = mkdtempSync(path.join(tmpdir(), `tm-coordinator-${process.pid}-`));
    this.mesh = view.name;
    this.#arguments = more;
    const paths = hostPaths(view.name);
    mkdirSync(this.place(paths.configuration), { recursive: true });
    writeFileSync(this.place(paths.meshFile), formatMeshFile(items));
    this.#view = view;
  }

  /** The file or folder `file` of the host, below the root of this test. */
  place(file: string): string {
    return path.join(this.root, file);
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** Starts it on a free port, resolves once it says that it is ready. */
  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    this.#configure(this.port);
    const env = { PATH: process.env["PATH"] };
    const child = spawn(process.execPath, this.#command(), { stdio: ["ignore", "pipe", "pipe"], env });
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    for await (const line of createInterface(child.stdout)) {
      this.output += `${line}\n`;
      if ((JSON.parse(line) as { msg?: string }).msg !== "coordinator is ready") continue;
      child.stdout.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
      child.stdout.resume();
      return;
    }
    throw new Error(`the coordinator did not start: ${this.output}`);
  }

  /** Sends a signal and waits for the end; gives the exit code, or null for a death by signal. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
    return child.exitCode;
  }

  async remove(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.root, { recursive: true, force: true });
  }

  /** One request over the admin socket. */
  async ask<T>(request: AdminRequest): Promise<T> {
    const socket = connect(this.place(hostPaths(this.mesh).coordinatorSocket));
    socket.write(`${JSON.stringify(request)}\n`);
    try {
      for await (const line of createInterface(socket)) {
        const reply = JSON.parse(line) as { ok: boolean; result: T; code: string; message: string };
        if (reply.ok) return reply.result;
        throw new AdminError(reply.code, reply.message);
      }
    } finally {
      socket.destroy();
    }
    throw new Error("the admin socket closed without an answer");
  }

  status(): Promise<CoordinatorStatus> {
    return this.ask({ method: "status" });
  }

  reserve(nid: string, name: string, ip4?: string): Promise<Reservation> {
    return this.ask({ method: "reserve", nid, name, ...(ip4 === undefined ? {} : { ip4 }) });
  }

  submit(...items: SignedItem[]): Promise<{ verdicts: { accepted: boolean; known: boolean; reason?: string }[] }> {
    return this.ask({ method: "submit", items });
  }

  /** Tries to run a second coordinator on the same state. */
  async startAnother(): Promise<{ readonly status: number | null; readonly stderr: string }> {
    const child = spawn(process.execPath, this.#command(), { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [status] = (await once(child, "close")) as [number | null];
    return { status, stderr };
  }

  /** The channel's private key as its file has it. */
  async channelKey(): Promise<string> {
    const file = path.join(this.place(hostPaths(this.mesh).coordinatorState), "key.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { key: string }).key;
  }

  /** The raw bytes of the database and its write-ahead log. */
  database(): Buffer {
    const file = path.join(this.place(hostPaths(this.mesh).coordinatorState), "coordinator.db");
    return Buffer.concat([file, `${file}-wal`].map((one) => readFileSync(one)));
  }

  #command(): string[] {
    const run = ["run", "--mesh", this.mesh, "--root", this.root];
    return ["--conditions=tunnelmesh-source", main, ...run, ...this.#arguments];
  }

  #configure(port: number): void {
    const view = this.#view;
    const configuration = { v: 1, mesh: view.name, meshId: view.meshId, listen: { host: this.host, port } };
    writeFileSync(this.place(hostPaths(view.name).coordinatorConfiguration), JSON.stringify(configuration));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
