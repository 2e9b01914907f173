// The data plane's loop and what it is told: takes datagrams and packets in turn, sleeps when there are none.
import type { NodeId } from "../../../protocol/brand.ts";
import type { Native } from "../../system/native.ts";
import type { NativeCalls } from "../../system/native-calls.ts";
import type { Path } from "../../transport/path.ts";
import { type CurrentFilter, type PacketFilter, passAll } from "../filter.ts";
import { type Arena, makeNativeArena, wipeArena } from "./arena.ts";
import { readBootTime } from "./boot-time.ts";
import { type Cipher, chooseCipher } from "./choose-cipher.ts";
import { takeEnds } from "./ends.ts";
import { Forwarder } from "./forwarder.ts";
import { Guard } from "./guard.ts";
import { Incoming, type IncomingParts } from "./incoming.ts";
import { Joiner } from "./join.ts";
import { layout } from "./layout.ts";
import { type FromPlane, type PlaneData, shared, type ToPlane } from "./messages.ts";
import { OffloadRegister } from "./offloads.ts";
import { Outgoing } from "./outgoing.ts";
import { Peers } from "./peers.ts";
import { PrefixTable } from "./prefix-table.ts";
import { Reports } from "./reports.ts";
import { SocketAddresses } from "./socket-address.ts";
import { Strays } from "./strays.ts";
import { tally } from "./tallies.ts";
import { TunEnd } from "./tun-end.ts";
import { TunReader } from "./tun-reader.ts";
import { Voice } from "./voice.ts";

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
  readonly #guard: Guard;
  readonly #socket: number;
  readonly #tun: TunEnd;
  readonly #voice: Voice;
  /** Where there are several threads. */
  readonly #strays: Strays | undefined;
  #routes = new PrefixTable([]);
  /** Lists of the main thread that were heard. */
  #heard = 0;
  #open = true;

  /** @throws TunnelMeshError TM_AGENT_PORT_IN_USE, TM_AGENT_NO_TUN @throws Error where something of the machine is missing */
  constructor(data: PlaneData, native: Native, calls: NativeCalls, mailbox: Mailbox, filter: PacketFilter = passAll) {
    this.#data = data;
    this.#calls = calls;
    this.#mailbox = mailbox;
    const { tallies, mtu, thread, threads } = data;
    const voice = new Voice((messages) => mailbox.post(messages), data.shared, tallies);
    this.#voice = voice;
    const say = (message: FromPlane): void => voice.say(message);
    const current: CurrentFilter = { current: filter };
    const offloads = new OffloadRegister(new Set(data.offloads), (name, reason) =>
      say({ kind: "offload", name, reason, offloads: offloads.read() }),
    );
    this.#offloads = offloads;
    const arena = makeNativeArena(offloads.isOn("low-memory"));
    if (!arena.low) offloads.turnOff("low-memory", "no memory below 2 GiB");
    this.#arena = arena;
    this.#cipher = chooseCipher(arena, offloads);
    const { socket, queue, port, dualStack, others } = takeEnds(native, calls, arena, offloads, data);
    this.#socket = socket;
    const tun = new TunEnd({ arena, native, calls, offloads, tallies, say }, queue);
    this.#tun = tun;
    const addresses = new SocketAddresses(arena, dualStack);
    this.#addresses = addresses;
    const peers = new Peers(arena, addresses);
    this.#peers = peers;
    const reports = new Reports(addresses, say, threads > 1);
    this.#reports = reports;
    const kinds = { tcp: offloads.isOn("join-tcp"), udp: offloads.isOn("join-udp") };
    const joiner: Joiner = new Joiner(arena, kinds, (count, joined, protocol) => {
      if (!tun.write(count, joined, protocol)) joiner.shorten(joined);
    });
    const routes = (): PrefixTable => this.#routes;
    const cipher = this.#cipher;
    const relay = (to: NodeId, bytes: Uint8Array): void => voice.saySpare({ kind: "relay", to, bytes });
    const out = { arena, calls, cipher, addresses, offloads, reports, tallies, socket, mtu, relay };
    this.#outgoing = new Outgoing(out);
    const unsent = (peer: NodeId, bytes: Uint8Array): void => voice.saySpare({ kind: "unsent", peer, bytes });
    const passing = { arena, calls, outgoing: this.#outgoing, peers, tallies, filter: current, routes, unsent };
    this.#reader = new TunReader(passing);
    const forwarder = new Forwarder({ ...passing, reader: this.#reader });
    const passed = (bytes: Uint8Array, path: Path): void => voice.saySpare({ kind: "datagram", bytes, path });
    const guard = new Guard({ arena, addresses, outgoing: this.#outgoing, tallies, passed });
    this.#guard = guard;
    const handOver = (bytes: Uint8Array<ArrayBuffer>, path: Path): void =>
      voice.saySpare({ kind: "strayed", bytes, path });
    const unheard = (): boolean => this.#unheard();
    const strays = new Strays({ arena, addresses, peers, tallies, thread, threads, unheard, handOver });
    const judge: IncomingParts["other"] = (at, length, source, relay, now) =>
      guard.judge(at, length, source, relay, now);
    // The gate's limits are the mesh's, so there is one, on thread 0.
    const other: IncomingParts["other"] =
      thread === 0 ? judge : (at, length, source, relay) => strays.takeOther(at, length, source, relay);
    const into = { arena, calls, cipher, addresses, peers, reports, joiner, forwarder, tallies, socket, routes, other };
    const strayed: IncomingParts["strayed"] = (at, length, source, relay) => strays.takeData(at, length, source, relay);
    this.#incoming = new Incoming({ ...into, filter: current, ...(threads > 1 ? { strayed } : {}) });
    this.#strays = threads > 1 ? strays : undefined;
    say({ kind: "ready", port, dualStack, offloads: offloads.read(), ends: others });
    this.#setPoll();
  }

  /** Runs until it is told to close. */
  run(): void {
    const { shared: numbers } = this.#data;
    while (this.#open) {
      const now = this.#turn();
      let busy = false;
      for (let batch = 0; batch < receiveBatches && this.#incoming.receive(now); batch += 1) busy = true;
      if (this.#tun.fd >= 0 && this.#reader.read(this.#tun.fd, now)) busy = true;
      if (this.#reader.gone !== undefined) this.#lose(this.#reader.gone);
      this.#reports.flush(now, busy);
      this.#voice.speak();
      Atomics.add(numbers, shared.heartbeat, 1);
      if (!busy || this.#unheard()) this.#listen(busy ? 0 : this.#reports.patience(now));
      if (this.#strays?.waiting === true) this.#takeHeld(this.#strays);
    }
    this.#shut();
  }

  /** The time now, known to all that have something to do with it. */
  #turn(): number {
    const now = readBootTime(this.#arena, this.#calls);
    if (this.#strays !== undefined) {
      this.#strays.now = now;
      this.#reports.now = now;
    }
    return now;
  }

  #unheard(): boolean {
    return Atomics.load(this.#data.shared, shared.posted) !== this.#heard;
  }

  /** Sleeps for so many milliseconds unless there is something to do, then hears what the main thread says. */
  #listen(sleep: number): void {
    const { view, base } = this.#arena;
    const { shared: numbers } = this.#data;
    this.#data.tallies[tally.polls]! += 1;
    this.#calls.poll(base + layout.pollDescriptors, 3, sleep);
    if (view.getInt16(layout.pollDescriptors + 22, true) === 0 && !this.#unheard()) return;
    this.#calls.read(this.#data.wake, base + layout.eventValue, 8);
    this.#heard = Atomics.load(numbers, shared.posted);
    const now = this.#turn();
    for (let list = this.#mailbox.take(); list !== undefined; list = this.#mailbox.take()) {
      for (const message of list) this.#obey(message, now);
    }
    this.#outgoing.flush();
    this.#voice.speak();
  }

  /** Judges once more what came before its key was heard of. */
  #takeHeld(strays: Strays): void {
    const now = this.#turn();
    for (const { bytes, path } of strays.release()) this.#take(bytes, path, now);
  }

  #obey(message: ToPlane, now: number): void {
    const peers = this.#peers;
    const { tallies, thread } = this.#data;
    // What all threads are told is counted by one.
    const first = thread === 0;
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
        const { peer, localIndex, remoteIndex, expiresAt, secret, counter } = message;
        const installed = peers.install(peer, localIndex, remoteIndex, expiresAt, secret, counter);
        if (!installed && first) tallies[tally.key_no_room]! += 1;
        return;
      }
      case "select":
        peers.select(message.peer, message.localIndex);
        return;
      case "remove":
        peers.remove(message.localIndex);
        return;
      case "paths": {
        const unusable = peers.setPaths(message.peer, message.paths);
        if (first) tallies[tally.path_unusable]! += unusable;
        return;
      }
      case "packet": {
        this.#taken();
        const peer = peers.find(message.peer);
        if (peer !== undefined && this.#reader.send(peer, message.bytes, now)) return;
        this.#voice.saySpare({ kind: "unsent", peer: message.peer, bytes: message.bytes });
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
        this.#reader.gone = undefined;
        this.#tun.reopen(this.#data.interface, this.#data.threads);
        this.#setPoll();
        return;
      case "queue":
        this.#reader.gone = undefined;
        this.#tun.replace(message.fd, message.generation);
        this.#setPoll();
        return;
      case "turnOff":
        this.#offloads.turnOff(message.name, message.reason);
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
    } else this.#data.tallies[tally.received_malformed]! += 1;
  }

  #taken(): void {
    Atomics.sub(this.#data.shared, shared.toPlane, 1);
  }

  #lose(reason: string): void {
    this.#reader.gone = undefined;
    this.#tun.lose(reason);
    this.#setPoll();
  }

  #setPoll(): void {
    const { view } = this.#arena;
    for (const [index, fd] of [this.#tun.fd, this.#socket, this.#data.wake].entries()) {
      const at = layout.pollDescriptors + index * 8;
      view.setInt32(at, fd, true);
      view.setInt16(at + 4, pollIn, true);
    }
  }

  #shut(): void {
    this.#tun.close();
    this.#calls.close(this.#socket);
    this.#cipher.close();
    wipeArena(this.#arena);
    this.#voice.say({ kind: "closed" });
    this.#voice.speak();
  }
}
