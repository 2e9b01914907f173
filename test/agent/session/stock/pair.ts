// A pair in namespaces: our stock node on one side, another implementation of WireGuard on the other.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { publicKeyOf } from "../../../../protocol/noise/primitives.ts";
import type { StockConfig, Wire } from "../../../fixtures/stock-config.ts";
import { TestNetwork } from "../../tunnel/network.ts";

const fixture = fileURLToPath(new URL("../../../fixtures/stock.ts", import.meta.url));
const floodFixture = fileURLToPath(new URL("../../../fixtures/handshake-flood.ts", import.meta.url));
const port = 51820;
let made = 0;

/** Inner addresses: ours, then theirs. */
export const inner = { ours4: "198.18.201.2", theirs4: "198.18.201.1", ours6: "fdc9::2", theirs6: "fdc9::1" } as const;
const outer = { ours4: "198.18.70.2", theirs4: "198.18.70.1", ours6: "fd70::2", theirs6: "fd70::1" } as const;

export interface PairOptions {
  /** How the other side is started; it takes the interface's name as last argument. */
  readonly program: readonly string[];
  readonly family?: 4 | 6;
  /** zero: the other side has none; wrong: each has its own. */
  readonly psk?: "shared" | "zero" | "wrong";
  /** Of ours; a clock that runs faster needs the portable one. */
  readonly plane?: "native" | "portable";
  /** Of the native one. */
  readonly threads?: number;
  readonly speed?: number;
  readonly middlebox?: boolean;
  /** Which side knows where the other is. */
  readonly knows?: "ours" | "theirs" | "both";
  readonly persistentKeepalive?: { readonly ours?: number; readonly theirs?: number };
  readonly mtu?: number;
}

export interface Status {
  readonly counters: Readonly<Record<string, number>>;
  readonly current: { readonly initiator: boolean; readonly index: number } | null;
  readonly path: { readonly address: string; readonly port: number } | null;
}

export class StockPair {
  readonly network: TestNetwork;
  readonly #folder = mkdtempSync(join(tmpdir(), "tm-stock-"));
  readonly #interface: string;
  readonly #options: PairOptions;
  #foreign: ChildProcess | undefined;
  #ours: ChildProcess | undefined;
  #answers: { readonly key: string; readonly resolve: (value: never) => void }[] = [];
  #theirKey = "";
  #ourKey = "";

  constructor(options: PairOptions) {
    made += 1;
    this.#options = options;
    this.#interface = `tms${process.pid}x${made}`;
    this.network = new TestNetwork(`k${made}x`);
    this.network.member("a", [`${outer.ours4}/24`, `${outer.ours6}/64`]);
    this.network.member("b", [`${outer.theirs4}/24`, `${outer.theirs6}/64`]);
  }

  async start(): Promise<void> {
    const { family = 4, psk = "shared", knows = "ours", middlebox = false, mtu = 1420 } = this.#options;
    const [ourSecret, theirSecret, shared] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    this.#ourKey = Buffer.from(publicKeyOf(ourSecret)).toString("base64");
    this.#theirKey = Buffer.from(publicKeyOf(theirSecret)).toString("hex");
    await this.#startForeign(theirSecret);
    const their = this.#options.persistentKeepalive?.theirs;
    const endpoint = `${family === 4 ? outer.ours4 : `[${outer.ours6}]`}:${middlebox ? port + 1 : port}`;
    this.wg(
      ...["peer", this.#ourKey, "allowed-ips", `${inner.ours4}/32,${inner.ours6}/128`],
      ...(psk === "zero" ? [] : ["preshared-key", this.#file("psk", shared.toString("base64"))]),
      ...(knows === "ours" ? [] : ["endpoint", endpoint]),
      ...(their === undefined ? [] : ["persistent-keepalive", String(their)]),
    );
    const [ourPsk] = { shared: [shared], zero: [Buffer.alloc(32)], wrong: [randomBytes(32)] }[psk];
    await this.#startOurs({
      privateKey: ourSecret.toString("hex"),
      peerKey: this.#theirKey,
      psk: ourPsk!.toString("hex"),
      interface: "tms0",
      allowedIps: [`${inner.theirs4}/32`, `${inner.theirs6}/128`],
      mtu,
      port,
      plane: this.#options.plane ?? (this.#options.speed === undefined ? "native" : "portable"),
      speed: this.#options.speed ?? 1,
      ...(this.#options.threads === undefined ? {} : { threads: this.#options.threads }),
      middlebox,
      ...(knows === "theirs" ? {} : { endpoint: { address: family === 4 ? outer.theirs4 : outer.theirs6, port } }),
      ...(this.#options.persistentKeepalive?.ours === undefined
        ? {}
        : { persistentKeepalive: this.#options.persistentKeepalive.ours * 1_000 }),
    });
    this.#address("a", "tms0", inner.ours4, inner.ours6, mtu);
  }

  /** Pings; gives how many answers came. */
  async ping(from: "a" | "b", options: { count?: number; interval?: number; size?: number; six?: boolean } = {}) {
    const { count = 1, interval = 0.2, size = 56, six = false } = options;
    const target = from === "a" ? (six ? inner.theirs6 : inner.theirs4) : six ? inner.ours6 : inner.ours4;
    const numbers = ["-c", String(count), "-i", String(interval), "-W", "1", "-s", String(size), "-M", "do"];
    const { output } = await this.network.exec(from, "ping", ...numbers, target);
    return Number(/(\d+) received/.exec(output)?.[1] ?? 0);
  }

  /** Pings until an answer comes; false after so many seconds. */
  async reach(from: "a" | "b", seconds: number, options: { size?: number; six?: boolean } = {}): Promise<boolean> {
    for (const end = Date.now() + seconds * 1_000; Date.now() < end; ) {
      if ((await this.ping(from, { ...options, count: 1 })) === 1) return true;
    }
    return false;
  }

  async status(): Promise<Status> {
    return await this.#ask("status", { method: "status" });
  }

  async wire(wire: Wire): Promise<void> {
    await this.#ask("wired", { method: "wire", wire });
  }

  async renew(): Promise<void> {
    await this.#ask("renewed", { method: "renew" });
  }

  /** Streams of iperf3 from our side, or in reverse. */
  async stream(options: {
    seconds: number;
    reverse?: boolean;
    flows?: number;
  }): Promise<{ bytes: number; bitsPerSecond: number }> {
    const server = this.network.exec("b", "iperf3", "-s", "-1", "-B", inner.theirs4);
    await sleep(300);
    const reverse = options.reverse ? ["-R"] : [];
    const numbers = ["-t", String(options.seconds), "-P", String(options.flows ?? 1)];
    const client = ["iperf3", "-c", inner.theirs4, "-J", ...numbers, ...reverse];
    const { output } = await this.network.exec("a", ...client);
    await server;
    const { sum_received: received } = JSON.parse(output).end;
    return { bytes: received.bytes, bitsPerSecond: received.bits_per_second };
  }

  /** Initiations of strangers with a right mac1, so many a second, from many sources, to the side that is not `from`. */
  async flood(from: "a" | "b", options: { rate: number; seconds: number }): Promise<string> {
    const sources = from === "a" ? "198.18.72" : "198.18.73";
    const [source, target, key] =
      from === "a" ? [outer.ours4, outer.theirs4, this.foreignKey] : [outer.theirs4, outer.ours4, this.ownKey];
    // Any address of the range may be sent from, and answers find their way back.
    this.network.ip(from, "route", "replace", "local", `${sources}.0/24`, "dev", "lo");
    this.network.ip(from === "a" ? "b" : "a", "route", "replace", `${sources}.0/24`, "via", source);
    const numbers = [String(options.rate), String(options.seconds)];
    const command = [process.execPath, "--conditions=tunnelmesh-source", floodFixture, target, String(port)];
    const parameters = [Buffer.from(key).toString("hex"), sources, ...numbers];
    return (await this.network.exec(from, ...command, ...parameters)).output;
  }

  /** One column of `wg show` about us: endpoint, latest-handshakes, transfer. */
  show(column: string): string {
    const output = execFileSync("wg", ["show", this.#interface, column], { encoding: "utf8" });
    return output.trim().split(/\s+/).slice(1).join(" ");
  }

  wg(...parameters: readonly string[]): void {
    execFileSync("wg", ["set", this.#interface, ...parameters], { stdio: ["ignore", "ignore", "inherit"] });
  }

  get foreignKey(): Uint8Array {
    return Uint8Array.from(Buffer.from(this.#theirKey, "hex"));
  }

  get ownKey(): Uint8Array {
    return Uint8Array.from(Buffer.from(this.#ourKey, "base64"));
  }

  async stop(): Promise<void> {
    for (const child of [this.#ours, this.#foreign]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(`/var/run/wireguard/${this.#interface}.sock`, { force: true });
    rmSync(this.#folder, { recursive: true, force: true });
    this.network.remove();
  }

  async #startForeign(secret: Uint8Array): Promise<void> {
    const command = ["netns", "exec", this.network.nameOf("b"), ...this.#options.program, this.#interface];
    const environment = { ...process.env, WG_PROCESS_FOREGROUND: "1", LOG_LEVEL: "error", WG_SUDO: "1" };
    this.#foreign = spawn("ip", command, { stdio: "ignore", env: environment });
    for (let tries = 0; !existsSync(`/var/run/wireguard/${this.#interface}.sock`); tries += 1) {
      if (tries === 100) throw new Error(`${this.#options.program[0]} did not come up`);
      await sleep(50);
    }
    const file = this.#file("private", Buffer.from(secret).toString("base64"));
    this.wg("listen-port", String(port), "private-key", file);
    this.#address("b", this.#interface, inner.theirs4, inner.theirs6, this.#options.mtu ?? 1420);
  }

  async #startOurs(config: StockConfig): Promise<void> {
    const command = [process.execPath, "--conditions=tunnelmesh-source", fixture];
    const file = this.#file("config.json", JSON.stringify(config));
    const child = spawn("ip", ["netns", "exec", this.network.nameOf("a"), ...command, file], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#ours = child;
    const started = new Promise((resolve, reject) => {
      this.#answers.push({ key: "started", resolve });
      child.once("exit", () => reject(new Error("our node ended")));
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.#take(line));
    await started;
  }

  #address(member: string, device: string, four: string, six: string, mtu: number): void {
    this.network.ip(member, "addr", "add", `${four}/24`, "dev", device);
    this.network.ip(member, "addr", "add", `${six}/64`, "dev", device, "nodad");
    this.network.ip(member, "link", "set", device, "mtu", String(mtu), "up");
  }

  #file(name: string, content: string): string {
    const file = join(this.#folder, name);
    writeFileSync(file, `${content}\n`, { mode: 0o600 });
    return file;
  }

  #ask<Answer>(key: string, request: Record<string, unknown>): Promise<Answer> {
    const answer = new Promise<Answer>((resolve) => this.#answers.push({ key, resolve }));
    this.#ours?.stdin?.write(`${JSON.stringify(request)}\n`);
    return answer;
  }

  #take(line: string): void {
    for (const [key, value] of Object.entries(JSON.parse(line) as Record<string, unknown>)) {
      const index = this.#answers.findIndex((one) => one.key === key);
      if (index >= 0) this.#answers.splice(index, 1)[0]?.resolve(value as never);
    }
  }
}
