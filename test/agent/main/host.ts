// A host for the agent's tests: a folder with configuration, keys and mesh file, and the agent as a process of its own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import os from "node:os";
import path from "node:path";
import type { AgentRequest, AgentStatus, PeerStatus } from "../../../protocol/control/agent.ts";
import type { AgentConfiguration } from "../../../protocol/host/configuration.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { formatMeshFile } from "../../../protocol/trust/mesh-file.ts";
import { seedSigner } from "../../../protocol/trust/signing.ts";
import { parseOpenSshPrivateKey } from "../../../protocol/trust/ssh-private-key.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import type { Party } from "../../protocol/trust/mesh.ts";

export const checkout = path.resolve(import.meta.dirname, "../../..");

/** A folder that stands for a host, with an SSH host key that ssh-keygen made. */
export interface TestHost {
  readonly root: string;
  readonly party: Party;
  readonly keyFile: string;
  remove(): void;
}

export function makeHost(name: string, kind = "ed25519"): TestHost {
  const root = mkdtempSync(path.join(os.tmpdir(), `tm-agent-${name}-`));
  const keyFile = path.join(root, "host_key");
  execFileSync("ssh-keygen", ["-q", "-t", kind, "-N", "", "-C", "", "-f", keyFile]);
  const key = parseOpenSshPrivateKey(readFileSync(keyFile));
  const seed = key.kind === "ed25519" ? key.seed : new Uint8Array(32);
  const signer = key.kind === "ed25519" ? seedSigner(key.seed) : { ...seedSigner(seed), publicKey: key.publicKey };
  return { root, keyFile, party: { name, seed, signer }, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Writes what tm installs. */
export function installHost(
  host: TestHost,
  mesh: string,
  meshId: string,
  items: readonly SignedItem[],
  secret: string,
): void {
  const paths = hostPaths(mesh);
  const put = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(host.root, file)), { recursive: true });
    writeFileSync(path.join(host.root, file), text, { mode: 0o600 });
  };
  const configuration: AgentConfiguration = {
    v: 1,
    mesh,
    meshId,
    nid: nodeIdOf(host.party.signer.publicKey),
    identity: host.keyFile,
    interface: "tm0",
    udpPort: 51820,
    domain: "mesh",
    logLevel: "debug",
  };
  put(paths.agentConfiguration, JSON.stringify(configuration));
  put(paths.meshFile, formatMeshFile(items));
  put(paths.networkSecret, JSON.stringify({ v: 1, mesh: meshId, generations: [{ gen: 1, secret }] }));
}

/** A running agent without TUN device. */
export interface RunningAgent {
  readonly process: ChildProcess;
  readonly output: () => string;
  ask(request: AgentRequest): Promise<unknown>;
  status(): Promise<AgentStatus>;
  peers(): Promise<readonly PeerStatus[]>;
  /** Sends the signal and waits for the end; gives the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export function startProcess(host: TestHost, mesh: string, command = "run"): RunningAgent {
  return startIn([], host, mesh, [command, "--no-tunnel"]);
}

/** Starts it behind `wrapper`, as in `ip netns exec NAME`. */
export function startIn(
  wrapper: readonly string[],
  host: TestHost,
  mesh: string,
  flags: readonly string[],
): RunningAgent {
  const node = [process.execPath, "--conditions=tunnelmesh-source", path.join(checkout, "agent/main.ts")];
  const [program, ...args] = [...wrapper, ...node, ...flags, "--mesh", mesh, "--root", host.root];
  const child = spawn(program!, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NOTIFY_SOCKET: undefined },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const socket = path.join(host.root, hostPaths(mesh).agentSocket);
  const ask = (request: AgentRequest): Promise<unknown> => askSocket(socket, request);
  return {
    process: child,
    output: () => output,
    ask,
    status: async () => (await ask({ method: "status" })) as AgentStatus,
    peers: async () => (await ask({ method: "peers" })) as readonly PeerStatus[],
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      return await ended;
    },
  };
}

/** One request over a control socket. @throws Error with the code of a refusal */
export async function askSocket(file: string, request: unknown): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(file, () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`the socket closed after ${text.length} bytes`)));
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (!text.endsWith("\n")) return;
      const reply = JSON.parse(text) as { ok: boolean; result?: unknown; code?: string; message?: string };
      if (reply.ok) resolve(reply.result);
      else reject(new Error(`${reply.code}: ${reply.message}`));
      socket.end();
    });
  });
}

/** Asks until `check` holds. @throws Error with the last answer after `timeout` milliseconds */
export async function until<T>(ask: () => Promise<T>, check: (answer: T) => boolean, timeout = 25_000): Promise<T> {
  const deadline = performance.now() + timeout;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (check(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not reached in ${timeout} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}
