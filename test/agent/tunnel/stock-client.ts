// A stock WireGuard client in a namespace of a test network: wireguard-go, set with wg, no part of ours.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestNetwork } from "./network.ts";

export interface StockServer {
  /** Base64. */
  readonly publicKey: string;
  readonly presharedKey: string;
  readonly endpoint: string;
  readonly allowedIps: readonly string[];
}

export class StockClient {
  readonly #network: TestNetwork;
  readonly #member: string;
  readonly #interface: string;
  #process: ChildProcess | undefined;

  constructor(network: TestNetwork, member: string) {
    this.#network = network;
    this.#member = member;
    this.#interface = `tmc${process.pid}`;
  }

  /** @param privateKey base64 */
  async start(privateKey: string, addresses: readonly string[], routes: readonly string[]): Promise<void> {
    const name = this.#network.nameOf(this.#member);
    this.#process = spawn("ip", ["netns", "exec", name, "wireguard-go", "-f", this.#interface], {
      env: { ...process.env, WG_PROCESS_FOREGROUND: "1", LOG_LEVEL: "error" },
      stdio: "ignore",
    });
    for (let tries = 0; !existsSync(this.#socket); tries += 1) {
      if (tries === 100) throw new Error("wireguard-go did not come up");
      await sleep(50);
    }
    this.#set([`private_key=${hex(privateKey)}`]);
    const ip = (...words: string[]) => this.#network.ip(this.#member, ...words);
    for (const address of addresses) {
      ip("addr", "add", address, "dev", this.#interface, ...(address.includes(":") ? ["nodad"] : []));
    }
    ip("link", "set", this.#interface, "mtu", "1420", "up");
    for (const route of routes) ip("route", "add", route, "dev", this.#interface);
  }

  /** Talks to this one server alone from now on. */
  connect({ publicKey, presharedKey, endpoint, allowedIps }: StockServer): void {
    this.#set([
      "replace_peers=true",
      `public_key=${hex(publicKey)}`,
      `preshared_key=${hex(presharedKey)}`,
      `endpoint=${endpoint}`,
      "persistent_keepalive_interval=5",
      ...allowedIps.map((range) => `allowed_ip=${range}`),
    ]);
  }

  /** Sends from another port from now on, as behind a NAT that forgot. */
  move(port: number): void {
    this.#set([`listen_port=${port}`]);
  }

  async stop(): Promise<void> {
    const running = this.#process;
    if (running !== undefined && running.exitCode === null && running.signalCode === null) {
      const exited = new Promise((resolve) => running.once("exit", resolve));
      running.kill("SIGTERM");
      await exited;
    }
    rmSync(this.#socket, { force: true });
  }

  get #socket(): string {
    return `/var/run/wireguard/${this.#interface}.sock`;
  }

  /** WireGuard's cross-platform interface: secrets go over the socket, into no argument. */
  #set(lines: readonly string[]): void {
    const script = `const s=require("net").connect(process.argv[1]);process.stdin.pipe(s,{end:false});s.on("data",d=>{if(!/errno=0/.test(d))process.exitCode=1;s.end();process.stdin.destroy()})`;
    execFileSync(process.execPath, ["-e", script, this.#socket], { input: `set=1\n${lines.join("\n")}\n\n` });
  }
}

function hex(base64: string): string {
  return Buffer.from(base64, "base64").toString("hex");
}
