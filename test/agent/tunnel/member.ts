// A real tunnel process in a namespace, driven through lines of JSON.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { publicKeyOf } from "../../../protocol/noise/primitives.ts";
import type { TunnelConfig, TunnelPeerConfig } from "../../fixtures/tunnel-config.ts";
import type { TestNetwork } from "./network.ts";

export const range = "100.64.0.0/10";
export const range6 = "fd12:3456:789a::/48";
const program = fileURLToPath(new URL("../../fixtures/tunnel.ts", import.meta.url));

/** Keys and inner addresses of one member. */
export interface Identity {
  readonly nid: string;
  readonly name: string;
  readonly x25519: string;
  readonly ctl: string;
  readonly ip4: string;
  readonly ip6: string;
  readonly port: number;
}

export function makeIdentity(name: string, number: number): Identity {
  return {
    nid: createHash("sha256").update(`${name} ${process.pid}`).digest("hex"),
    name,
    x25519: randomBytes(32).toString("hex"),
    ctl: randomBytes(32).toString("hex"),
    ip4: `100.64.0.${number}`,
    ip6: `fd12:3456:789a::${number}`,
    port: 51820,
  };
}

/** How others see a member; both ends of a pair must give the same psk. */
export function peerConfig(identity: Identity, psk: string, addresses: readonly string[] = []): TunnelPeerConfig {
  const publicHex = (secret: string): string => Buffer.from(publicKeyOf(Buffer.from(secret, "hex"))).toString("hex");
  const { nid, name, ip4, ip6, port } = identity;
  const endpoints = addresses.map((address) => ({ kind: "local", address, port }) as const);
  const [x25519, ctl] = [publicHex(identity.x25519), publicHex(identity.ctl)];
  return { nid, name, x25519, ctl, psk, ip4, ip6, routes: [], endpoints };
}

/** Which data plane a member runs; the portable one unless said otherwise. */
export type PlaneChoice = Partial<
  Pick<TunnelConfig, "backend" | "offloads" | "threads" | "interface" | "range" | "range6" | "clients">
>;

export class Member {
  readonly identity: Identity;
  readonly log: string[] = [];
  /** The exit code of the process that was started last, once it has ended. */
  ended: Promise<number | null> = Promise.resolve(null);
  readonly #network: TestNetwork;
  readonly #plane: PlaneChoice;
  readonly #flags: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), "tm-tunnel-"));
  #child: ChildProcess | undefined;
  #answers: { readonly key: string; readonly resolve: (value: never) => void }[] = [];

  /** @param flags of Node */
  constructor(network: TestNetwork, identity: Identity, plane: PlaneChoice = {}, flags: readonly string[] = []) {
    this.#network = network;
    this.identity = identity;
    this.#plane = plane;
    this.#flags = flags;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process and waits until the tunnel is up. `environment`: what it gets besides ours. */
  async start(
    peers: readonly TunnelPeerConfig[],
    relay?: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { nid, x25519, ctl, ip4, ip6, port } = this.identity;
    const own = { nid, x25519, ctl, ip4, ip6, port, interface: "tm0", range, range6, peers, ...this.#plane };
    const config: TunnelConfig = relay === undefined ? own : { ...own, relay };
    const file = join(this.#folder, "config.json");
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    const node = [process.execPath, ...this.#flags, "--conditions=tunnelmesh-source", program, file];
    const child = spawn("ip", ["netns", "exec", this.#network.nameOf(this.identity.name), ...node], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.#child = child;
    this.ended = new Promise((resolve) => child.once("close", resolve));
    this.#answers = [];
    child.stderr.on("data", (chunk: Buffer) => this.log.push(chunk.toString()));
    const started = this.#expect<unknown>("started");
    const failed = this.#expect<string>("failed");
    createInterface({ input: child.stdout }).on("line", (line) => this.#take(line));
    const outcome = await Promise.race([started, failed]);
    if (outcome !== true) throw new Error(`the tunnel of ${this.identity.name} failed: ${String(outcome)}`);
  }

  /** One request; the answer is the value under `key`. */
  async ask<Answer>(key: string, request: Record<string, unknown>): Promise<Answer> {
    const answer = this.#expect<Answer>(key);
    this.#child?.stdin?.write(`${JSON.stringify(request)}\n`);
    return await answer;
  }

  async counters(): Promise<Record<string, number>> {
    return await this.ask("counters", { method: "counters" });
  }

  /** Asks the tunnel to stop and gives how long the process took to end, in milliseconds. */
  async stop(): Promise<number> {
    const child = this.#child;
    if (child === undefined) return 0;
    const start = performance.now();
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await this.ask("stopped", { method: "stop" });
    await ended;
    this.#child = undefined;
    return performance.now() - start;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #expect<Value>(key: string): Promise<Value> {
    return new Promise((resolve) => this.#answers.push({ key, resolve }));
  }

  #take(line: string): void {
    for (const [key, value] of Object.entries(JSON.parse(line) as Record<string, unknown>)) {
      const index = this.#answers.findIndex((one) => one.key === key);
      if (index >= 0) this.#answers.splice(index, 1)[0]?.resolve(value as never);
    }
  }
}
