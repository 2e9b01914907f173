// An in-memory twin of the data plane: the same keys and paths, datagrams on a wire of the test instead of sockets.
import { randomBytes } from "node:crypto";
import { Counters } from "../../../agent/dataplane/counters.ts";
import type { DataPlane } from "../../../agent/dataplane/data-plane.ts";
import { Gate, type GateKeys } from "../../../agent/dataplane/gate.ts";
import { type InstalledKeys, KeyTable } from "../../../agent/dataplane/keys.ts";
import type { PeerRoutes } from "../../../agent/dataplane/routing.ts";
import type { Clock } from "../../../agent/system/clock.ts";
import type { Path } from "../../../agent/transport/path.ts";
import type { Runtime } from "../../../agent/tunnel/runtime.ts";
import type { NodeId } from "../../../protocol/brand.ts";
import { classify } from "../../../protocol/wireguard/classify.ts";
import { tunnelProfile } from "../../../protocol/wireguard/profile.ts";

export class MemoryPlane implements DataPlane {
  readonly kind = "portable";
  readonly threads = 1;
  readonly socket = { port: 51820, dualStack: true };
  readonly arrived: { readonly peer: NodeId; readonly text: string }[] = [];
  readonly keys = new KeyTable(tunnelProfile);
  readonly paths = new Map<NodeId, readonly Path[]>();
  routes: readonly PeerRoutes[] = [];
  runtime: Runtime | undefined;
  #gate: Gate | undefined;
  readonly #counters = new Counters();
  readonly #clock: Clock;
  readonly #emit: (datagram: Uint8Array, path: Path) => void;

  constructor(clock: Clock, emit: (datagram: Uint8Array, path: Path) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  guard(keys: GateKeys): void {
    this.#gate = new Gate(
      keys,
      (length) => Uint8Array.from(randomBytes(length)),
      (answer, path) => this.#emit(answer, path),
      (name) => this.#counters.count(name),
    );
  }

  setKnown(addresses: readonly string[]): void {
    this.#gate?.setKnown(addresses);
  }

  setRoutes(peers: readonly PeerRoutes[]): void {
    this.routes = peers;
  }

  indexFor(_peer: NodeId, random: number): number {
    return random;
  }

  installKeys(keys: InstalledKeys): void {
    this.keys.install(keys);
  }

  selectKeys(peer: NodeId, localIndex: number | undefined): void {
    this.keys.select(peer, localIndex);
  }

  removeKeys(localIndex: number): void {
    this.keys.remove(localIndex);
  }

  setPaths(peer: NodeId, paths: readonly Path[]): void {
    if (paths.length === 0) this.paths.delete(peer);
    else this.paths.set(peer, paths);
  }

  sendPacket(peer: NodeId, packet: Uint8Array): void {
    if (!this.paths.has(peer) || !this.#seal(peer, packet)) this.runtime?.unsent(peer, packet.slice());
  }

  sendKeepalive(peer: NodeId): void {
    this.#seal(peer, new Uint8Array(0));
  }

  sendDatagram(datagram: Uint8Array, path: Path): boolean {
    this.#emit(datagram, path);
    return true;
  }

  receiveDatagram(datagram: Uint8Array, path: Path): void {
    const message = classify(datagram);
    if (message.kind !== "data" || message.profile.name !== "tunnel") {
      const passed = path.kind === "relay" || this.#gate?.pass(datagram, () => path, this.#clock.now()) === true;
      if (passed) this.runtime?.receive(datagram, path);
      return;
    }
    const opened = this.keys.open(datagram, message.receiverIndex, message.counter, this.#clock.now());
    if (!opened.ok) {
      this.#counters.count(`received_${opened.reason}`);
      return;
    }
    const { peer, localIndex, plaintext } = opened;
    this.runtime?.received(peer, localIndex, plaintext.length > 0, datagram.length, path);
    if (plaintext.length > 0) this.arrived.push({ peer, text: Buffer.from(plaintext).toString() });
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counters.read();
  }

  offloads(): Readonly<Record<string, string>> {
    return {};
  }

  async reopenInterface(): Promise<void> {
    await Promise.resolve();
  }

  async close(): Promise<void> {
    this.keys.clear();
    await Promise.resolve();
  }

  #seal(peer: NodeId, plaintext: Uint8Array): boolean {
    const sealed = this.keys.seal(peer, plaintext, this.#clock.now());
    if (sealed === undefined) return false;
    for (const path of this.paths.get(peer) ?? []) this.sendDatagram(sealed.message, path);
    this.runtime?.sent(peer, plaintext.length > 0, sealed.counter, sealed.message.length);
    return true;
  }
}
