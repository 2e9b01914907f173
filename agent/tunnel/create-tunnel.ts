// Puts the packet side together: one data plane, a link per peer, timers, and the contract of agent/tunnel.ts.
import { randomBytes } from "node:crypto";
import type { NodeId } from "../../protocol/brand.ts";
import type { PeerStatus, PingReply } from "../../protocol/control/agent.ts";
import { openPortable } from "../dataplane/portable.ts";
import { hostClock } from "../system/clock.ts";
import { loadNative } from "../system/native-load.ts";
import type { Tunnel, TunnelFactory, TunnelOptions, TunnelPeer } from "../tunnel.ts";
import { MeshInterface } from "./interface.ts";

import { Runtime } from "./runtime.ts";

/** Milliseconds between looks at timers: the finest of them is a retransmission after seconds. */
const tick = 100;
const endpointInterval = 10_000;

/** The packet side of one mesh, with the portable data plane. */
export const createTunnel: TunnelFactory = (options) => new MeshTunnel(options);

class MeshTunnel implements Tunnel {
  readonly dataPlane = "portable";
  readonly #options: TunnelOptions;
  readonly #interface: MeshInterface;
  #runtime: Runtime | undefined;
  #timers: NodeJS.Timeout[] = [];
  #peers: readonly TunnelPeer[] = [];
  #relayUsable = false;

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.#interface = new MeshInterface(options);
  }

  async start(): Promise<void> {
    if (this.#runtime !== undefined) return;
    const { interface: name, mtu, udpPort, relay } = this.#options;
    const native = await loadNative();
    await this.#interface.refuseClash();
    const clock = hostClock(native);
    const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
    const started: { runtime: Runtime | undefined } = { runtime: undefined };
    const plane = await openPortable({
      native,
      clock,
      interface: name,
      mtu,
      udpPort,
      relay,
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
    const runtime = new Runtime(this.#options, plane, clock, random);
    started.runtime = runtime;
    this.#runtime = runtime;
    runtime.setRelay(this.#relayUsable);
    this.setPeers(this.#peers);
    runtime.refreshEndpoints();
    this.#timers = [
      setInterval(() => runtime.tick(), tick),
      setInterval(() => runtime.refreshEndpoints(), endpointInterval),
    ];
  }

  async stop(): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = undefined;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    await this.#interface.stop();
    if (runtime === undefined) return;
    await runtime.close();
  }

  setPeers(peers: readonly TunnelPeer[]): void {
    this.#peers = peers;
    if (this.#runtime === undefined) return;
    this.#runtime.setPeers(peers);
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

  async ping(nid: NodeId, count: number, signal?: AbortSignal): Promise<PingReply> {
    const lost = Array.from({ length: count }, () => null);
    return (await this.#runtime?.ping(nid, count, signal)) ?? { path: { kind: "none" }, roundTrips: lost };
  }
}
