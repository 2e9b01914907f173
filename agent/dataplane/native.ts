// The native data plane as the main thread sees it: the interface in front of the threads that move the packets.
import type { NodeId } from "../../protocol/brand.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../protocol/errors/error.ts";
import { dataOverhead, padTo16 } from "../../protocol/wireguard/padding.ts";
import type { Log } from "../system/log.ts";
import { runIp } from "../system/network.ts";
import type { Path } from "../transport/path.ts";
import type { DataPlane } from "./data-plane.ts";
import type { GateKeys } from "./gate.ts";
import type { InstalledKeys } from "./keys.ts";
import { Homes } from "./native/homes.ts";
import { longestDatagram } from "./native/layout.ts";
import type { FromPlane, ToPlane } from "./native/messages.ts";
import type { Offload, OffloadStates } from "./native/offloads.ts";
import { type Heard, PlaneThreads } from "./native/plane-threads.ts";
import { makeSharedCounter } from "./native/shared-counter.ts";
import { readTallies } from "./native/tallies.ts";
import { placeIndex, threadOf } from "./native/threads.ts";
import { TrafficOrder } from "./native/traffic-order.ts";
import type { PlaneOptions } from "./options.ts";
import type { PeerRoutes } from "./routing.ts";

const dataType = 4;

export interface NativeOptions extends PlaneOptions {
  readonly offloads: ReadonlySet<Offload>;
  /** How many threads move packets. */
  readonly threads: number;
  readonly log: Log;
  /** A thread died or hangs: not all packets move any more. */
  readonly onFailed: (reason: string) => void;
}

/**
 * Starts the threads; the first opens sockets and interface. One thread alone takes over where several do not work.
 * @throws TunnelMeshError TM_AGENT_PORT_IN_USE, TM_AGENT_NO_TUN
 * @throws Error where the machine lacks what the native data plane needs; the portable one may do
 */
export async function openNative(options: NativeOptions): Promise<DataPlane> {
  try {
    return await open(options);
  } catch (error) {
    if (options.threads === 1 || isTunnelMeshError(error)) throw error;
    options.log("warn", "several threads of the data plane do not work here, one takes over", {
      reason: String(error),
    });
    return await open({ ...options, threads: 1 });
  }
}

async function open(options: NativeOptions): Promise<DataPlane> {
  const plane = new NativePlane(options);
  try {
    await plane.start();
  } catch (error) {
    await plane.close();
    throw error;
  }
  await plane.limitSegments();
  return plane;
}

class NativePlane implements DataPlane {
  readonly kind = "native";
  readonly threads: number;
  socket = { port: 0, dualStack: false };
  readonly #options: NativeOptions;
  readonly #threads: PlaneThreads;
  readonly #homes: Homes;
  readonly #order: TrafficOrder | undefined;
  #offloads: Partial<OffloadStates> = {};
  #droppedHere = 0;
  #reopened: PromiseWithResolvers<void> | undefined;
  /** Of the interface, and the last that was reported gone. */
  #generation = 0;
  #lost = -1;

  constructor(options: NativeOptions) {
    this.#options = options;
    const { native, threads, interface: name, mtu, udpPort, offloads } = options;
    this.threads = threads;
    this.#homes = new Homes(threads);
    this.#order = threads > 1 ? new TrafficOrder() : undefined;
    this.#threads = new PlaneThreads({
      native,
      plane: { threads, interface: name, mtu, udpPort, library: import.meta.url },
      offloads,
      onMessage: (thread, message) => this.#hear(thread, message),
      onFailed: (reason) => {
        this.#reopened?.reject(new Error(reason));
        options.onFailed(reason);
      },
    });
  }

  /** Waits for the threads. @throws as `openNative` */
  async start(): Promise<void> {
    const { port, dualStack, offloads } = await this.#threads.ready;
    this.socket = { port, dualStack };
    // What went off meanwhile stays off.
    this.#offloads = { ...offloads, ...this.#offloads };
  }

  guard({ tunnel, control }: GateKeys): void {
    this.#threads.say(0, { kind: "guard", keys: { tunnel: tunnel.slice(), control: control.slice() } });
  }

  setKnown(addresses: readonly string[]): void {
    this.#threads.say(0, { kind: "known", addresses });
  }

  setRoutes(peers: readonly PeerRoutes[]): void {
    const named = new Set(peers.map(({ nid }) => nid));
    this.#homes.keep(named);
    this.#order?.keep(named);
    this.#threads.sayAll({ kind: "routes", peers });
  }

  indexFor(peer: NodeId, random: number): number {
    return this.threads === 1 ? random : placeIndex(random, this.#homes.of(peer), this.threads);
  }

  installKeys({ peer, localIndex, remoteIndex, keys, expiresAt }: InstalledKeys): void {
    const receiver = threadOf(localIndex, this.threads);
    const counter = this.threads === 1 ? undefined : makeSharedCounter();
    for (let thread = 0; thread < this.threads; thread += 1) {
      const secret = new Uint8Array(thread === receiver ? 64 : 32);
      secret.set(keys.send);
      if (thread === receiver) secret.set(keys.receive, 32);
      this.#threads.say(thread, { kind: "install", peer, localIndex, remoteIndex, expiresAt, secret, counter }, secret);
    }
    keys.send.fill(0);
    keys.receive.fill(0);
  }

  selectKeys(peer: NodeId, localIndex: number | undefined): void {
    this.#threads.sayAll({ kind: "select", peer, localIndex });
  }

  removeKeys(localIndex: number): void {
    this.#threads.sayAll({ kind: "remove", localIndex });
  }

  setPaths(peer: NodeId, paths: readonly Path[]): void {
    this.#threads.sayAll({ kind: "paths", peer, paths });
  }

  sendPacket(peer: NodeId, packet: Uint8Array): void {
    const bytes = packet.slice();
    this.#saySpare(this.#homes.of(peer), { kind: "packet", peer, bytes }, bytes);
  }

  sendKeepalive(peer: NodeId): void {
    this.#threads.say(this.#homes.of(peer), { kind: "keepalive", peer });
  }

  sendDatagram(datagram: Uint8Array, path: Path): boolean {
    if (path.kind === "relay") return this.#options.relay(path.nid, datagram);
    const bytes = datagram.slice();
    return this.#saySpare(0, { kind: "datagram", bytes, path }, bytes);
  }

  receiveDatagram(datagram: Uint8Array, path: Path): void {
    if (datagram[0] !== dataType) this.#options.events.onDatagram(datagram, path);
    else this.#give(datagram.slice(), path);
  }

  counters(): Readonly<Record<string, number>> {
    const counters = readTallies(...this.#threads.tallies());
    if (this.#droppedHere > 0) counters["dropped_queue"] = (counters["dropped_queue"] ?? 0) + this.#droppedHere;
    for (const [name, state] of Object.entries(this.offloads())) counters[`offload_${name}`] = state === "on" ? 1 : 0;
    counters["dataplane_threads"] = this.threads;
    return counters;
  }

  offloads(): Readonly<Record<string, string>> {
    return this.#offloads;
  }

  async reopenInterface(): Promise<void> {
    const reopened = Promise.withResolvers<void>();
    this.#reopened = reopened;
    this.#threads.say(0, { kind: "reopen" });
    await reopened.promise;
    await this.limitSegments();
  }

  async close(): Promise<void> {
    await this.#threads.close();
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

  #hear(thread: number, message: Heard): void {
    const { events, relay } = this.#options;
    switch (message.kind) {
      case "reopened":
        this.#isReopened(message);
        return;
      case "gone":
        // Each thread loses its queue, and one may be late.
        if (message.generation !== this.#generation || message.generation === this.#lost) return;
        this.#lost = message.generation;
        events.onInterfaceGone(message.reason);
        return;
      case "offload":
        this.#turnOff(thread, message.name, message.reason);
        return;
      case "datagram":
        this.#threads.took(thread);
        events.onDatagram(message.bytes, message.path);
        return;
      case "unsent":
        this.#threads.took(thread);
        events.onUnsent(message.peer, message.bytes);
        return;
      case "relay":
        this.#threads.took(thread);
        relay(message.to, message.bytes);
        return;
      case "strayed":
        this.#threads.took(thread);
        this.#give(message.bytes, message.path);
        return;
      case "received": {
        events.onReceived(message.peer, message.localIndex, message.data, message.bytes, message.path);
        const later = this.#order?.noteReceived(message);
        if (later !== undefined) events.onSent(later.peer, later.data, later.counter, 0);
        return;
      }
      case "sent": {
        events.onSent(message.peer, message.data, message.counter, message.bytes);
        const later = this.#order?.noteSent(message);
        if (later !== undefined) events.onReceived(later.peer, later.localIndex, later.data, 0, later.path);
        return;
      }
    }
  }

  #isReopened({ failure: reason, queues, generation }: Extract<FromPlane, { readonly kind: "reopened" }>): void {
    this.#generation = generation;
    for (const [index, fd] of queues.entries()) this.#threads.say(index + 1, { kind: "queue", fd, generation });
    if (reason === undefined) this.#reopened?.resolve();
    else this.#reopened?.reject(new TunnelMeshError("TM_AGENT_NO_TUN", { detail: reason }));
  }

  /** The kernel is the same for all threads: what it refuses one, it refuses the others. */
  #turnOff(thread: number, name: Offload, reason: string): void {
    if ((this.#offloads[name] ?? "on") !== "on") return;
    this.#offloads = { ...this.#offloads, [name]: `off: ${reason}` };
    this.#options.log("info", "an offload of the data plane is off", { name, reason });
    this.#threads.sayAll({ kind: "turnOff", name, reason }, thread);
  }

  /** A datagram for the thread whose it is. */
  #give(bytes: Uint8Array<ArrayBuffer>, path: Path): void {
    const thread = bytes[0] === dataType ? threadOf(bytes[4] ?? 0, this.threads) : 0;
    this.#saySpare(thread, { kind: "incoming", bytes, path }, bytes);
  }

  /** False when the thread does not keep up and the packet is dropped. */
  #saySpare(thread: number, message: ToPlane, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#threads.saySpare(thread, message, bytes)) return true;
    this.#droppedHere += 1;
    return false;
  }
}
