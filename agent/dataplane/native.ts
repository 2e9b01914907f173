// The native data plane as the main thread sees it: the interface in front of a thread that moves the packets.
import type { Worker } from "node:worker_threads";
import type { NodeId } from "../../protocol/brand.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { dataOverhead, padTo16 } from "../../protocol/wireguard/padding.ts";
import type { Log } from "../system/log.ts";
import { runIp } from "../system/network.ts";
import type { Path } from "../transport/path.ts";
import type { DataPlane } from "./data-plane.ts";
import type { GateKeys } from "./gate.ts";
import type { InstalledKeys } from "./keys.ts";
import { longestDatagram } from "./native/layout.ts";
import { type FromPlane, type PlaneData, queueLimit, shared, type ToPlane } from "./native/messages.ts";
import type { Offload, OffloadStates } from "./native/offloads.ts";
import { makeTallies, readTallies } from "./native/tallies.ts";
import type { PlaneOptions } from "./options.ts";
import type { PeerRoutes } from "./routing.ts";
import { startWorker } from "./start-worker.ts";

/** EFD_NONBLOCK | EFD_CLOEXEC. */
const eventFlags = 0x800 | 0x80000;
/** The thread's loop turns at least once a second; this long without, it hangs. */
const heartbeatInterval = 10_000;
/** A thread that does not end by itself is ended. */
const closeTimeout = 3_000;
const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

export interface NativeOptions extends PlaneOptions {
  readonly offloads: ReadonlySet<Offload>;
  readonly log: Log;
  /** The thread died or hangs: no packet moves any more. */
  readonly onFailed: (reason: string) => void;
}

/**
 * Starts the thread, which opens socket and interface.
 * @throws TunnelMeshError TM_AGENT_PORT_IN_USE, TM_AGENT_NO_TUN
 * @throws Error where the machine lacks what the native data plane needs; the portable one may do
 */
export async function openNative(options: NativeOptions): Promise<DataPlane> {
  const plane = new NativePlane(options);
  await plane.ready;
  await plane.limitSegments();
  return plane;
}

class NativePlane implements DataPlane {
  readonly kind = "native";
  readonly ready: Promise<void>;
  socket = { port: 0, dualStack: false };
  readonly #options: NativeOptions;
  readonly #worker: Worker;
  readonly #wake: number;
  readonly #tallies = makeTallies();
  readonly #shared = new Int32Array(new SharedArrayBuffer(16));
  readonly #ended: Promise<void>;
  readonly #heartbeat: NodeJS.Timeout;
  #offloads: OffloadStates | undefined;
  #queued: ToPlane[] = [];
  #moved: ArrayBuffer[] = [];
  #droppedHere = 0;
  #started = Promise.withResolvers<void>();
  #reopened: PromiseWithResolvers<void> | undefined;
  #closing = false;
  #gone = false;

  constructor(options: NativeOptions) {
    this.#options = options;
    const { native } = options;
    this.#wake = native.eventfd(0, eventFlags);
    if (this.#wake < 0) throw new Error(`eventfd failed with errno ${native.errno()}`);
    const workerData: PlaneData = {
      interface: options.interface,
      mtu: options.mtu,
      udpPort: options.udpPort,
      offloads: [...options.offloads],
      wake: this.#wake,
      library: import.meta.url,
      tallies: this.#tallies,
      shared: this.#shared,
    };
    this.#worker = startWorker(workerData);
    this.ready = this.#started.promise;
    this.#ended = new Promise((resolve) =>
      this.#worker.once("exit", () => {
        // The number may soon be another descriptor's.
        this.#gone = true;
        native.close(this.#wake);
        resolve();
      }),
    );
    this.#worker.on("message", (messages: readonly FromPlane[]) => {
      for (const message of messages) this.#hear(message);
    });
    this.#worker.on("error", (error) => this.#fail(String(error)));
    this.#worker.on("exit", () => this.#fail("the thread ended"));
    this.#heartbeat = setInterval(() => this.#watch(), heartbeatInterval);
    this.#heartbeat.unref();
  }

  guard({ tunnel, control }: GateKeys): void {
    this.#say({ kind: "guard", keys: { tunnel: tunnel.slice(), control: control.slice() } });
  }

  setKnown(addresses: readonly string[]): void {
    this.#say({ kind: "known", addresses });
  }

  setRoutes(peers: readonly PeerRoutes[]): void {
    this.#say({ kind: "routes", peers });
  }

  installKeys({ peer, localIndex, remoteIndex, keys, expiresAt }: InstalledKeys): void {
    const secret = new Uint8Array(64);
    secret.set(keys.send);
    secret.set(keys.receive, 32);
    keys.send.fill(0);
    keys.receive.fill(0);
    this.#say({ kind: "install", peer, localIndex, remoteIndex, expiresAt, secret }, secret);
  }

  selectKeys(peer: NodeId, localIndex: number | undefined): void {
    this.#say({ kind: "select", peer, localIndex });
  }

  removeKeys(localIndex: number): void {
    this.#say({ kind: "remove", localIndex });
  }

  setPaths(peer: NodeId, paths: readonly Path[]): void {
    this.#say({ kind: "paths", peer, paths });
  }

  sendPacket(peer: NodeId, packet: Uint8Array): void {
    const bytes = packet.slice();
    this.#saySpare({ kind: "packet", peer, bytes }, bytes);
  }

  sendKeepalive(peer: NodeId): void {
    this.#say({ kind: "keepalive", peer });
  }

  sendDatagram(datagram: Uint8Array, path: Path): boolean {
    if (path.kind === "relay") return this.#options.relay(path.nid, datagram);
    const bytes = datagram.slice();
    return this.#saySpare({ kind: "datagram", bytes, path }, bytes);
  }

  receiveDatagram(datagram: Uint8Array, path: Path): void {
    if (datagram[0] !== 4) {
      this.#options.events.onDatagram(datagram, path);
      return;
    }
    const bytes = datagram.slice();
    this.#saySpare({ kind: "incoming", bytes, path }, bytes);
  }

  counters(): Readonly<Record<string, number>> {
    const counters = readTallies(this.#tallies);
    if (this.#droppedHere > 0) counters["dropped_queue"] = (counters["dropped_queue"] ?? 0) + this.#droppedHere;
    for (const [name, state] of Object.entries(this.offloads())) counters[`offload_${name}`] = state === "on" ? 1 : 0;
    return counters;
  }

  offloads(): Readonly<Record<string, string>> {
    return this.#offloads ?? {};
  }

  async reopenInterface(): Promise<void> {
    const reopened = Promise.withResolvers<void>();
    this.#reopened = reopened;
    this.#say({ kind: "reopen" });
    await reopened.promise;
    await this.limitSegments();
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      clearInterval(this.#heartbeat);
      this.#say({ kind: "close" });
    }
    const timer = setTimeout(() => void this.#worker.terminate(), closeTimeout);
    await this.#ended;
    clearTimeout(timer);
  }

  /** One packet that the kernel leaves whole then makes one send, and one read at the other end. */
  async limitSegments(): Promise<void> {
    const { interface: name, mtu, log } = this.#options;
    const segments = Math.max(1, Math.floor(longestDatagram / (padTo16(mtu, mtu) + dataOverhead)));
    try {
      await runIp([["link", "set", "dev", name, "gso_max_segs", String(segments)]]);
    } catch (error) {
      log("info", "segments per packet stay as they are", { interface: name, error: String(error) });
    }
  }

  #hear(message: FromPlane): void {
    const { events, relay, log } = this.#options;
    switch (message.kind) {
      case "ready":
        this.socket = { port: message.port, dualStack: message.dualStack };
        this.#offloads = message.offloads;
        this.#started.resolve();
        return;
      case "failed":
        this.#closing = true;
        clearInterval(this.#heartbeat);
        this.#started.reject(failure(message.code, message.detail));
        return;
      case "reopened":
        if (message.failure === undefined) this.#reopened?.resolve();
        else this.#reopened?.reject(new TunnelMeshError("TM_AGENT_NO_TUN", { detail: message.failure }));
        return;
      case "gone":
        events.onInterfaceGone(message.reason);
        return;
      case "offload":
        this.#offloads = message.offloads;
        log("info", "an offload of the data plane is off", { name: message.name, reason: message.reason });
        return;
      case "datagram":
        Atomics.sub(this.#shared, shared.toMain, 1);
        events.onDatagram(message.bytes, message.path);
        return;
      case "unsent":
        Atomics.sub(this.#shared, shared.toMain, 1);
        events.onUnsent(message.peer, message.bytes);
        return;
      case "relay":
        Atomics.sub(this.#shared, shared.toMain, 1);
        relay(message.to, message.bytes);
        return;
      case "received":
        events.onReceived(message.peer, message.localIndex, message.data, message.bytes, message.path);
        return;
      case "sent":
        events.onSent(message.peer, message.data, message.counter, message.bytes);
        return;
      case "closed":
        return;
    }
  }

  /** False when the thread does not keep up and the packet is dropped. */
  #saySpare(message: ToPlane, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#closing || Atomics.load(this.#shared, shared.toPlane) >= queueLimit) {
      this.#droppedHere += 1;
      return false;
    }
    Atomics.add(this.#shared, shared.toPlane, 1);
    this.#say(message, bytes);
    return true;
  }

  /** What is said in one go is posted together. */
  #say(message: ToPlane, moved?: Uint8Array<ArrayBuffer>): void {
    if (this.#queued.length === 0) queueMicrotask(() => this.#post());
    this.#queued.push(message);
    if (moved !== undefined) this.#moved.push(moved.buffer);
  }

  #post(): void {
    const messages = this.#queued;
    const moved = this.#moved;
    this.#queued = [];
    this.#moved = [];
    if (this.#gone) return;
    this.#worker.postMessage(messages, moved);
    this.#options.native.write(this.#wake, one, 8);
  }

  #watch(): void {
    if (Atomics.exchange(this.#shared, shared.heartbeat, 0) === 0) this.#fail("the thread hangs");
  }

  #fail(reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    clearInterval(this.#heartbeat);
    this.#started.reject(new Error(reason));
    this.#reopened?.reject(new Error(reason));
    if (this.#offloads !== undefined) this.#options.onFailed(reason);
  }
}

function failure(code: string, detail: string): Error {
  return code === "TM_AGENT_PORT_IN_USE" || code === "TM_AGENT_NO_TUN"
    ? new TunnelMeshError(code, { detail })
    : new Error(detail);
}
