// The data plane's loop and what it is told: takes datagrams and packets in turn, sleeps when there are none.
import type { NodeId } from "../../../protocol/brand.ts";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Native } from "../../system/native.ts";
import type { NativeCalls } from "../../system/native-calls.ts";
import type { Path } from "../../transport/path.ts";
import { type CurrentFilter, type PacketFilter, passAll } from "../filter.ts";
import { type Arena, makeNativeArena, wipeArena } from "./arena.ts";
import { readBootTime } from "./boot-time.ts";
import { type Cipher, chooseCipher } from "./choose-cipher.ts";
import { openDevice, openSocket } from "./devices.ts";
import { Forwarder } from "./forwarder.ts";
import { Guard } from "./guard.ts";
import { Incoming, type IncomingParts } from "./incoming.ts";
import { Joiner } from "./join.ts";
import { layout } from "./layout.ts";
import { type FromPlane, type Packet, type PlaneData, queueLimit, shared, type ToPlane } from "./messages.ts";
import { OffloadRegister } from "./offloads.ts";
import { Outgoing } from "./outgoing.ts";
import { Peers } from "./peers.ts";
import { PrefixTable } from "./prefix-table.ts";
import { Reports } from "./reports.ts";
import { errno } from "./send-error.ts";
import { SocketAddresses } from "./socket-address.ts";
import { tally } from "./tallies.ts";
import { TunReader } from "./tun-reader.ts";
import { giveTurn } from "./turn.ts";

/** Milliseconds: the longest sleep, and that while something is still to be reported. */
const longestSleep = 1_000;
const reportSleep = 50;
/** Batches of datagrams before packets get their turn. */
const receiveBatches = 8;
const pollIn = 1;

export interface Mailbox {
  /** The next list that the main thread posted. */
  take(): readonly ToPlane[] | undefined;
  post(messages: readonly FromPlane[]): void;
}

export class Engine {
  readonly #data: PlaneData;
  readonly #native: Native;
  readonly #calls: NativeCalls;
  readonly #mailbox: Mailbox;
  readonly #arena: Arena;
  readonly #cipher: Cipher;
  readonly #offloads: OffloadRegister;
  readonly #addresses: SocketAddresses;
  readonly #peers: Peers;
  readonly #reports: Reports;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #reader: TunReader;
  readonly #joiner: Joiner;
  readonly #guard: Guard;
  readonly #socket: number;
  #tun = -1;
  #routes = new PrefixTable([]);
  #said: FromPlane[] = [];
  #open = true;

  /** @throws TunnelMeshError TM_AGENT_PORT_IN_USE, TM_AGENT_NO_TUN @throws Error where something of the machine is missing */
  constructor(data: PlaneData, native: Native, calls: NativeCalls, mailbox: Mailbox, filter: PacketFilter = passAll) {
    this.#data = data;
    this.#native = native;
    this.#calls = calls;
    this.#mailbox = mailbox;
    const { tallies, mtu } = data;
    const current: CurrentFilter = { current: filter };
    const offloads = new OffloadRegister(new Set(data.offloads), (name, reason) =>
      this.#said.push({ kind: "offload", name, reason, offloads: offloads.read() }),
    );
    this.#offloads = offloads;
    const arena = makeNativeArena(offloads.isOn("low-memory"));
    if (!arena.low) offloads.turnOff("low-memory", "no memory below 2 GiB");
    this.#arena = arena;
    this.#cipher = chooseCipher(arena, offloads);
    const { fd: socket, port, dualStack } = openSocket(calls, arena, offloads, data.udpPort);
    this.#socket = socket;
    try {
      this.#tun = openDevice(native, calls, offloads, data.interface);
    } catch (error) {
      // Descriptors outlive their thread, and the port is wanted again by whoever tries next.
      calls.close(socket);
      throw error;
    }
    const addresses = new SocketAddresses(arena, dualStack);
    this.#addresses = addresses;
    const peers = new Peers(arena, addresses);
    this.#peers = peers;
    const reports = new Reports(addresses, (message) => this.#said.push(message));
    this.#reports = reports;
    const kinds = { tcp: offloads.isOn("join-tcp"), udp: offloads.isOn("join-udp") };
    this.#joiner = new Joiner(arena, kinds, (count, joined) => this.#write(count, joined));
    const routes = (): PrefixTable => this.#routes;
    const cipher = this.#cipher;
    const relay = (to: NodeId, bytes: Uint8Array): void => this.#saySpare({ kind: "relay", to, bytes });
    const out = { arena, calls, cipher, addresses, offloads, reports, tallies, socket, mtu, relay };
    this.#outgoing = new Outgoing(out);
    const unsent = (peer: NodeId, bytes: Uint8Array): void => this.#saySpare({ kind: "unsent", peer, bytes });
    const passing = { arena, calls, outgoing: this.#outgoing, peers, tallies, filter: current, routes, unsent };
    this.#reader = new TunReader(passing);
    const forwarder = new Forwarder({ ...passing, reader: this.#reader });
    const passed = (bytes: Uint8Array, path: Path): void => this.#saySpare({ kind: "datagram", bytes, path });
    const guard = new Guard({ arena, addresses, outgoing: this.#outgoing, tallies, passed });
    this.#guard = guard;
    const other: IncomingParts["other"] = (at, length, source, relay, now) =>
      guard.judge(at, length, source, relay, now);
    const joiner = this.#joiner;
    const into = { arena, calls, cipher, addresses, peers, reports, joiner, forwarder, tallies, socket, routes, other };
    this.#incoming = new Incoming({ ...into, filter: current });
    this.#said.push({ kind: "ready", port, dualStack, offloads: offloads.read() });
    this.#setPoll();
  }

  /** Runs until it is told to close. */
  run(): void {
    const { shared: numbers } = this.#data;
    while (this.#open) {
      const now = readBootTime(this.#arena, this.#calls);
      let busy = false;
      for (let batch = 0; batch < receiveBatches && this.#incoming.receive(now); batch += 1) busy = true;
      if (this.#tun >= 0 && this.#reader.read(this.#tun, now)) busy = true;
      if (this.#reader.gone !== undefined) this.#lose(this.#reader.gone);
      this.#reports.flush(now);
      this.#speak();
      Atomics.add(numbers, shared.heartbeat, 1);
      if (!busy || Atomics.load(numbers, shared.toPlane) > 0) this.#listen(busy);
    }
    this.#shut();
  }

  /** Sleeps unless there is something to do, then hears what the main thread says. */
  #listen(busy: boolean): void {
    const { view, base } = this.#arena;
    const sleep = busy ? 0 : this.#reports.pending ? reportSleep : longestSleep;
    this.#data.tallies[tally.polls]! += 1;
    this.#calls.poll(base + layout.pollDescriptors, 3, sleep);
    if (
      view.getInt16(layout.pollDescriptors + 22, true) === 0 &&
      Atomics.load(this.#data.shared, shared.toPlane) === 0
    ) {
      return;
    }
    this.#calls.read(this.#data.wake, base + layout.eventValue, 8);
    const now = readBootTime(this.#arena, this.#calls);
    for (let list = this.#mailbox.take(); list !== undefined; list = this.#mailbox.take()) {
      for (const message of list) this.#obey(message, now);
    }
    this.#outgoing.flush();
    this.#speak();
  }

  #obey(message: ToPlane, now: number): void {
    const peers = this.#peers;
    const { tallies } = this.#data;
    switch (message.kind) {
      case "guard":
        this.#guard.setKeys(message.keys);
        return;
      case "known":
        this.#guard.setKnown(message.addresses);
        return;
      case "routes":
        peers.setRouted(message.peers);
        this.#routes = new PrefixTable(message.peers);
        return;
      case "install": {
        const { peer, localIndex, remoteIndex, expiresAt, secret } = message;
        if (!peers.install(peer, localIndex, remoteIndex, expiresAt, secret)) tallies[tally.key_no_room]! += 1;
        return;
      }
      case "select":
        peers.select(message.peer, message.localIndex);
        return;
      case "remove":
        peers.remove(message.localIndex);
        return;
      case "paths":
        tallies[tally.path_unusable]! += peers.setPaths(message.peer, message.paths);
        return;
      case "packet": {
        this.#taken();
        const peer = peers.find(message.peer);
        if (peer !== undefined && this.#reader.send(peer, message.bytes, now)) return;
        this.#saySpare({ kind: "unsent", peer: message.peer, bytes: message.bytes });
        return;
      }
      case "keepalive": {
        const peer = peers.find(message.peer);
        const sealed = peer !== undefined && this.#outgoing.seal(peer, layout.tunPacket, 0, now);
        if (!sealed) tallies[tally.keepalive_unsent]! += 1;
        return;
      }
      case "datagram":
        this.#taken();
        if (this.#addresses.write(layout.name, message.path)) this.#outgoing.datagram(message.bytes, layout.name);
        else tallies[tally.dropped_direct]! += 1;
        return;
      case "incoming":
        this.#taken();
        this.#take(message.bytes, message.path, now);
        return;
      case "reopen":
        this.#reopen();
        return;
      case "close":
        this.#open = false;
        return;
    }
  }

  #take(datagram: Uint8Array, path: Path, now: number): void {
    if (path.kind === "relay") this.#incoming.receiveOther(datagram, path.nid, -1, now);
    else if (this.#addresses.write(layout.name, path)) {
      this.#incoming.receiveOther(datagram, undefined, layout.name, now);
    }
  }

  #taken(): void {
    Atomics.sub(this.#data.shared, shared.toPlane, 1);
  }

  /** Packets are dropped when the main thread does not keep up. */
  #saySpare(packet: Packet): void {
    const { shared: numbers, tallies } = this.#data;
    if (Atomics.load(numbers, shared.toMain) >= queueLimit) {
      tallies[tally.dropped_queue]! += 1;
      return;
    }
    Atomics.add(numbers, shared.toMain, 1);
    this.#said.push(packet);
  }

  #speak(): void {
    if (this.#said.length === 0) return;
    const messages = this.#said;
    this.#said = [];
    this.#mailbox.post(messages);
  }

  #write(count: number, joined: number): void {
    const { tallies } = this.#data;
    const { base } = this.#arena;
    tallies[tally.tun_writes]! += 1;
    if (joined > 1) tallies[tally.tun_joined]! += joined;
    if (this.#tun < 0 || this.#calls.writev(this.#tun, base + layout.writeList, count) < 0) {
      tallies[tally.tun_write]! += joined;
      if (this.#calls.errno() === errno.invalid) this.#joiner.shorten(joined);
    }
    giveTurn(this.#calls, this.#arena, joined);
  }

  #reopen(): void {
    if (this.#tun >= 0) this.#calls.close(this.#tun);
    this.#tun = -1;
    this.#reader.gone = undefined;
    let failure: string | undefined;
    try {
      this.#tun = openDevice(this.#native, this.#calls, this.#offloads, this.#data.interface);
    } catch (error) {
      failure = isTunnelMeshError(error) ? error.message : String(error);
    }
    this.#setPoll();
    this.#said.push({ kind: "reopened", failure });
  }

  #lose(reason: string): void {
    this.#calls.close(this.#tun);
    this.#tun = -1;
    this.#reader.gone = undefined;
    this.#setPoll();
    this.#said.push({ kind: "gone", reason });
  }

  #setPoll(): void {
    const { view } = this.#arena;
    for (const [index, fd] of [this.#tun, this.#socket, this.#data.wake].entries()) {
      const at = layout.pollDescriptors + index * 8;
      view.setInt32(at, fd, true);
      view.setInt16(at + 4, pollIn, true);
    }
  }

  #shut(): void {
    if (this.#tun >= 0) this.#calls.close(this.#tun);
    this.#calls.close(this.#socket);
    this.#cipher.close();
    wipeArena(this.#arena);
    this.#said.push({ kind: "closed" });
    this.#speak();
  }
}
