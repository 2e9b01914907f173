// The official wireguard-go in a network namespace of its own, reached over a veth pair, as a peer for tests.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The oracle's own address inside the tunnel; ours are others of this /24. */
export const oracleInner = "198.18.201.1";
/** Where the oracle listens. */
export const oraclePort = 51820;

export interface OraclePeer {
  readonly publicKey: Uint8Array;
  readonly psk: Uint8Array;
  readonly allowedIp: string;
  /** UDP port of ours that the oracle may send to by itself. */
  readonly port?: number;
}

export class Oracle {
  /** Outer addresses: ours on the host's end of the veth pair, the oracle's on the other. */
  readonly ours: string;
  readonly theirs: string;
  readonly #namespace: string;
  readonly #interface: string;
  readonly #veth: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(id: number = process.pid) {
    const block = id % 16384;
    const prefix = `198.19.${block >>> 6}`;
    this.ours = `${prefix}.${(block & 63) * 4 + 1}`;
    this.theirs = `${prefix}.${(block & 63) * 4 + 2}`;
    this.#namespace = `tmoracle${id}`;
    this.#interface = `tmo${id}`;
    this.#veth = `tmv${id}`;
    this.#folder = mkdtempSync(join(tmpdir(), "tm-oracle-"));
  }

  async start(privateKey: Uint8Array): Promise<void> {
    const inside = `${this.#veth}i`;
    ip("netns", "add", this.#namespace);
    ip("link", "add", this.#veth, "type", "veth", "peer", "name", inside, "netns", this.#namespace);
    ip("addr", "add", `${this.ours}/30`, "dev", this.#veth);
    ip("link", "set", this.#veth, "up");
    ip("-n", this.#namespace, "addr", "add", `${this.theirs}/30`, "dev", inside);
    ip("-n", this.#namespace, "link", "set", inside, "up");
    ip("-n", this.#namespace, "link", "set", "lo", "up");
    this.#process = spawn("ip", ["netns", "exec", this.#namespace, "wireguard-go", "-f", this.#interface], {
      env: { ...process.env, WG_PROCESS_FOREGROUND: "1", LOG_LEVEL: "error" },
      stdio: "ignore",
    });
    for (let tries = 0; !existsSync(`/var/run/wireguard/${this.#interface}.sock`); tries += 1) {
      if (tries === 100) throw new Error("wireguard-go did not come up");
      await sleep(50);
    }
    this.#wg("listen-port", String(oraclePort), "private-key", this.#keyFile("private", privateKey));
    ip("-n", this.#namespace, "addr", "add", `${oracleInner}/24`, "dev", this.#interface);
    ip("-n", this.#namespace, "link", "set", this.#interface, "up");
  }

  addPeer({ publicKey, psk, allowedIp, port }: OraclePeer): void {
    const endpoint = port === undefined ? [] : ["endpoint", `${this.ours}:${port}`];
    const pskFile = this.#keyFile("psk", psk);
    this.#wg("peer", base64(publicKey), "preshared-key", pskFile, "allowed-ips", `${allowedIp}/32`, ...endpoint);
  }

  /** Pings `address` from inside; true when an answer came within `seconds`. */
  ping(address: string, seconds: number): Promise<boolean> {
    const args = ["netns", "exec", this.#namespace, "ping", "-c", "1", "-W", String(seconds), "-s", "100", address];
    const ping = spawn("ip", args, { stdio: "ignore" });
    return new Promise((resolve, reject) => {
      ping.once("error", reject);
      ping.once("exit", (code) => resolve(code === 0));
    });
  }

  async stop(): Promise<void> {
    const running = this.#process;
    if (running !== undefined && running.exitCode === null && running.signalCode === null) {
      const exited = new Promise((resolve) => running.once("exit", resolve));
      running.kill("SIGTERM");
      await exited;
    }
    rmSync(this.#folder, { recursive: true, force: true });
    rmSync(`/var/run/wireguard/${this.#interface}.sock`, { force: true });
    if (existsSync(`/sys/class/net/${this.#veth}`)) ip("link", "del", this.#veth);
    if (existsSync(`/var/run/netns/${this.#namespace}`)) ip("netns", "del", this.#namespace);
  }

  #wg(...args: readonly string[]): void {
    execFileSync("wg", ["set", this.#interface, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  }

  #keyFile(name: string, key: Uint8Array): string {
    const file = join(this.#folder, name);
    writeFileSync(file, `${base64(key)}\n`, { mode: 0o600 });
    return file;
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
