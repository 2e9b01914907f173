// Puts the packet side together: one data plane, a link per peer, timers, and the contract of agent/tunnel.ts.
import { randomBytes } from "node:crypto";
import type { NodeId } from "../../protocol/brand.ts";
import type { PeerStatus, PingReply } from "../../protocol/control/agent.ts";
import type { DataPlane } from "../dataplane/data-plane.ts";
import { openPlane, type PlanePreference } from "../dataplane/open-plane.ts";
import { hostClock } from "../system/clock.ts";
import { loadNative } from "../system/native-load.ts";
import type { Tunnel, TunnelClient, TunnelFactory, TunnelOptions, TunnelPeer } from "../tunnel.ts";
import { MeshInterface } from "./interface.ts";
import { Runtime } from "./runtime.ts";

/** Milliseconds between looks at timers: the finest of them is a retransmission after seconds. */
const tick = 100;
const endpointInterval = 10_000;
/** By then everything is loaded, and what only the start needed lies about. */
const startedAfter = 15_000;

/** Makes tunnels whose data plane is chosen so. */
export function createTunnelWith(preference: PlanePreference): TunnelFactory {
  return (options) => new MeshTunnel(options, preference);
}

class MeshTunnel implements Tunnel {
  readonly #options: TunnelOptions;
  readonly #preference: PlanePreference;
  #plane: DataPlane | undefined;
  readonly #interface: MeshInterface;
  #runtime: Runtime | undefined;
  #timers: NodeJS.Timeout[] = [];
  #peers: readonly TunnelPeer[] = [];
  #clients: readonly TunnelClient[] = [];
  #relayUsable = false;

  constructor(options: TunnelOptions, preference: PlanePreference) {
    this.#options = options;
    this.#preference = preference;
    this.#interface = new MeshInterface(options, (routes) => this.#runtime?.setRouted(routes));
  }

  get dataPlane(): string {
    return this.#plane?.kind ?? "none";
  }

  get dataPlaneThreads(): number {
    return this.#plane?.threads ?? 0;
  }

  async start(): Promise<void> {
    if (this.#runtime !== undefined) return;
    const { interface: name, mtu, udpPort, relay, log } = this.#options;
    const native = await loadNative();
    await this.#interface.refuseClash();
    const clock = hostClock(native);
    const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
    const started: { runtime: Runtime | undefined } = { runtime: undefined };
    const plane = await openPlane({
      ...this.#preference,
      native,
      clock,
      interface: name,
      mtu,
      udpPort,
      relay,
      log,
      onFailed: (reason) => {
        log("error", "the data plane is dead", { reason });
        // Nothing of it can be saved: the service starts anew, with new keys. An exit would wait for a thread that hangs in a system call.
        process.kill(process.pid, "SIGKILL");
      },
      events: {
        onDatagram: (datagram, path) => started.runtime?.receive(datagram, path),
        onUnsent: (peer, packet) => started.runtime?.unsent(peer, packet),
        onReceived: (peer, index, data, bytes, path) => started.runtime?.received(peer, index, data, bytes, path),
        onSent: (peer, data, counter, bytes) => started.runtime?.sent(peer, data, counter, bytes),
        onInterfaceGone: (reason) => this.#interface.repair(plane, reason),
      },
    });
    try {
      await this.#interface.up();
    } catch (error) {
      await plane.close();
      throw error;
    }
    this.#plane = plane;
    const runtime = new Runtime(this.#options, plane, clock, random);
    started.runtime = runtime;
    this.#runtime = runtime;
    runtime.setRelay(this.#relayUsable);
    this.setPeers(this.#peers, this.#clients);
    runtime.refreshEndpoints();
    this.#timers = [
      setInterval(() => runtime.tick(), tick),
      setInterval(() => runtime.refreshEndpoints(), endpointInterval),
      setTimeout(() => void this.#giveBack(), startedAfter),
    ];
  }

  async #giveBack(): Promise<void> {
    const { log } = this.#options;
    try {
      const { giveBackStartPages } = await import("../system/start-pages.ts");
      log("debug", "pages of the start given back", { bytes: giveBackStartPages() });
    } catch (error) {
      log("info", "pages of the start stay", { reason: String(error) });
    }
  }

  async stop(): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = undefined;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    await this.#interface.stop();
    if (runtime === undefined) return;
    await runtime.close();
    this.#plane = undefined;
  }

  setPeers(peers: readonly TunnelPeer[], clients: readonly TunnelClient[]): void {
    this.#peers = peers;
    this.#clients = clients;
    if (this.#runtime === undefined) return;
    this.#runtime.setPeers(peers, clients);
    this.#interface.setRoutes(peers.flatMap((peer) => peer.routes));
  }

  receiveRelayed(from: NodeId, datagram: Uint8Array): void {
    this.#runtime?.relayed(from, datagram);
  }

  relayChanged(available: boolean): void {
    this.#relayUsable = available;
    this.#runtime?.setRelay(available);
  }

  peers(): readonly PeerStatus[] {
    return this.#runtime?.status() ?? [];
  }

  counters(): Readonly<Record<string, number>> {
    return this.#runtime?.readCounters() ?? {};
  }

  offloads(): Readonly<Record<string, string>> {
    return this.#plane?.offloads() ?? {};
  }

  async ping(nid: NodeId, count: number, signal?: AbortSignal): Promise<PingReply> {
    const lost = Array.from({ length: count }, () => null);
    return (await this.#runtime?.ping(nid, count, signal)) ?? { path: { kind: "none" }, roundTrips: lost };
  }
}
