// The portable data plane: one packet per system call, node:dgram, sealed in JavaScript; runs wherever the agent does.
import { randomBytes } from "node:crypto";
import type { NodeId } from "../../protocol/brand.ts";
import { padTo16 } from "../../protocol/wireguard/data.ts";
import { tunnelProfile } from "../../protocol/wireguard/profile.ts";
import { openTun, type Tun } from "../system/tun.ts";
import type { Path } from "../transport/path.ts";
import { openUdp, type Udp } from "../transport/udp.ts";
import { Counters } from "./counters.ts";
import type { DataPlane } from "./data-plane.ts";
import { type PacketFilter, passAll } from "./filter.ts";
import { takeHop } from "./forward.ts";
import { Gate, type GateKeys } from "./gate.ts";
import { readInner } from "./inner.ts";
import { type InstalledKeys, KeyTable } from "./keys.ts";
import type { PlaneOptions } from "./options.ts";
import { receiveData } from "./receive.ts";
import { type PeerRoutes, RoutingTable } from "./routing.ts";

export interface PortableOptions extends PlaneOptions {
  readonly filter?: PacketFilter;
}

const empty = new Uint8Array(0);

/** Opens socket and interface. @throws TunnelMeshError TM_AGENT_PORT_IN_USE, TM_AGENT_NO_TUN */
export async function openPortable(options: PortableOptions): Promise<DataPlane> {
  const plane: { current: Portable | undefined } = { current: undefined };
  const counters = new Counters();
  const udp = await openUdp(options.udpPort, {
    onDatagram: (datagram, path) => plane.current?.receiveDatagram(datagram, path),
    onSendError: (code) => counters.count(`udp_send_${code}`),
  });
  try {
    plane.current = new Portable(options, udp, counters);
    await plane.current.reopenInterface();
    return plane.current;
  } catch (error) {
    await udp.close();
    throw error;
  }
}

class Portable implements DataPlane {
  readonly kind = "portable";
  readonly threads = 1;
  readonly #options: PortableOptions;
  readonly #filter: PacketFilter;
  readonly #udp: Udp;
  readonly #counters: Counters;
  readonly #keys = new KeyTable(tunnelProfile);
  readonly #paths = new Map<NodeId, readonly Path[]>();
  #routes = new RoutingTable([]);
  #stock: ReadonlySet<NodeId> = new Set();
  #gate: Gate | undefined;
  #tun: Tun | undefined;

  constructor(options: PortableOptions, udp: Udp, counters: Counters) {
    this.#options = options;
    this.#filter = options.filter ?? passAll;
    this.#udp = udp;
    this.#counters = counters;
  }

  get socket(): { readonly port: number; readonly dualStack: boolean } {
    return this.#udp;
  }

  guard(keys: GateKeys): void {
    this.#gate = new Gate(
      keys,
      (length) => Uint8Array.from(randomBytes(length)),
      (answer, path) => this.sendDatagram(answer, path),
      (name) => this.#counters.count(name),
    );
  }

  setKnown(addresses: readonly string[]): void {
    this.#gate?.setKnown(addresses);
  }

  setRoutes(peers: readonly PeerRoutes[]): void {
    this.#routes = new RoutingTable(peers);
    this.#stock = new Set(peers.flatMap(({ nid, stock }) => (stock === true ? [nid] : [])));
  }

  indexFor(_peer: NodeId, random: number): number {
    return random;
  }

  installKeys(keys: InstalledKeys): void {
    this.#keys.install(keys);
  }

  selectKeys(peer: NodeId, localIndex: number | undefined): void {
    this.#keys.select(peer, localIndex);
  }

  removeKeys(localIndex: number): void {
    this.#keys.remove(localIndex);
  }

  setPaths(peer: NodeId, paths: readonly Path[]): void {
    if (paths.length === 0) this.#paths.delete(peer);
    else this.#paths.set(peer, paths);
  }

  /** `packet` is followed by spare bytes in its buffer, which become padding. */
  takeFromTun(packet: Uint8Array): void {
    const inner = readInner(packet);
    if (inner === undefined || inner.length !== packet.length) {
      this.#counters.count("tun_malformed");
      return;
    }
    const peer = this.#routes.find(inner.family, packet, inner.destinationOffset);
    if (peer === undefined) {
      this.#counters.count("tun_no_peer");
      return;
    }
    if (!this.#filter("out", peer, packet, 0, packet.length)) {
      this.#counters.count("tun_filtered");
      return;
    }
    this.sendPacket(peer, packet);
  }

  sendPacket(peer: NodeId, packet: Uint8Array): void {
    if (!this.#paths.has(peer) || !this.#seal(peer, this.#pad(packet), true)) {
      this.#options.events.onUnsent(peer, packet.slice());
    }
  }

  sendKeepalive(peer: NodeId): void {
    if (!this.#seal(peer, empty, false)) this.#counters.count("keepalive_unsent");
  }

  sendDatagram(datagram: Uint8Array, path: Path): boolean {
    const sent = path.kind === "relay" ? this.#options.relay(path.nid, datagram) : this.#udp.send(datagram, path);
    this.#counters.count(sent ? `sent_${path.kind}` : `dropped_${path.kind}`);
    return sent;
  }

  receiveDatagram(datagram: Uint8Array, path: Path): void {
    // The common case is told by one byte, so that handshakes alone pay for being sorted.
    const now = this.#options.clock.now();
    if (datagram[0] !== 4) {
      const passed = path.kind === "relay" || this.#gate?.pass(datagram, () => path, now) === true;
      if (passed) this.#options.events.onDatagram(datagram, path);
      return;
    }
    const { refused, from, packet, data } = receiveData(datagram, this.#keys, this.#routes, this.#filter, now);
    if (refused !== undefined) this.#counters.count(refused);
    if (from === undefined) return;
    this.#counters.count(`received_${path.kind}`);
    this.#options.events.onReceived(from.peer, from.localIndex, data, datagram.length, path);
    if (packet === undefined || this.#forward(from.peer, packet)) return;
    if (!this.#tun?.write(packet)) this.#counters.count("tun_write");
  }

  /** True when the packet is for another peer and one of the two is a stock client: then it is none of this host's. */
  #forward(from: NodeId, packet: Uint8Array): boolean {
    const inner = this.#stock.size === 0 ? undefined : readInner(packet);
    const to = inner && this.#routes.find(inner.family, packet, inner.destinationOffset);
    if (to === undefined || to === from || !(this.#stock.has(from) || this.#stock.has(to))) return false;
    const copy = packet.slice();
    if (!this.#filter("out", to, copy, 0, copy.length)) this.#counters.count("forward_filtered");
    else if (!takeHop(copy, 0)) this.#counters.count("forward_hops");
    else {
      this.#counters.count("forwarded");
      this.sendPacket(to, copy);
    }
    return true;
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counters.read();
  }

  offloads(): Readonly<Record<string, string>> {
    return {};
  }

  async reopenInterface(): Promise<void> {
    const { native, interface: name, events } = this.#options;
    await this.#tun?.close();
    this.#tun = openTun(native, name, {
      onPacket: (packet) => this.takeFromTun(packet),
      onGone: (reason) => events.onInterfaceGone(reason),
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#tun?.close(), this.#udp.close()]);
    this.#keys.clear();
  }

  #seal(peer: NodeId, plaintext: Uint8Array, data: boolean): boolean {
    const sealed = this.#keys.seal(peer, plaintext, this.#options.clock.now());
    if (sealed === undefined) return false;
    for (const path of this.#paths.get(peer) ?? []) this.sendDatagram(sealed.message, path);
    this.#options.events.onSent(peer, data, sealed.counter, sealed.message.length);
    return true;
  }

  #pad(packet: Uint8Array): Uint8Array {
    const length = padTo16(packet.length, this.#options.mtu);
    const end = packet.byteOffset + length;
    if (end > packet.buffer.byteLength) {
      const copy = new Uint8Array(length);
      copy.set(packet);
      return copy;
    }
    const padded = new Uint8Array(packet.buffer, packet.byteOffset, length);
    padded.fill(0, packet.length);
    return padded;
  }
}
