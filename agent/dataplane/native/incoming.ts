// Datagrams on their way in: taken in batches, opened, held against replay window and routes, given to the joiner.
import type { NodeId } from "../../../protocol/brand.ts";
import { dataOverhead } from "../../../protocol/wireguard/padding.ts";
import type { NativeCalls } from "../../system/native-calls.ts";
import { combineEcn } from "../ecn.ts";
import type { CurrentFilter } from "../filter.ts";
import { type Arena, putPointer } from "./arena.ts";
import type { Cipher } from "./cipher.ts";
import type { Forwarder } from "./forwarder.ts";
import type { Joiner } from "./join.ts";
import {
  addressLength,
  headroom,
  incomingStride,
  layout,
  longestDatagram,
  plaintextLength,
  receiveSlots,
} from "./layout.ts";
import { innerLength, ownerOf } from "./packet.ts";
import type { Peers } from "./peers.ts";
import type { PrefixTable } from "./prefix-table.ts";
import type { Reports } from "./reports.ts";
import type { SocketAddresses } from "./socket-address.ts";
import { tally } from "./tallies.ts";

const messageLength = 64;
const controlLength = 64;
const truncated = 0x20;
const solUdp = 17;
const udpGro = 104;
const dataType = 4;
/** Messages of this size on average are large ones: taken one by one they are opened while the cache still has them. */
const largeMessage = 16_384;

export interface IncomingParts {
  readonly arena: Arena;
  readonly calls: NativeCalls;
  readonly cipher: Cipher;
  readonly addresses: SocketAddresses;
  readonly peers: Peers;
  readonly reports: Reports;
  readonly joiner: Joiner;
  readonly forwarder: Forwarder;
  readonly tallies: Float64Array;
  readonly filter: CurrentFilter;
  readonly socket: number;
  readonly routes: () => PrefixTable;
  /**
   * Where there are more threads, sees to data that this one has no key for, which may be another's; false: nobody's. A datagram
   * at `at`, source and relay as in `other`.
   */
  readonly strayed?: (at: number, length: number, source: number, relay: NodeId | undefined) => boolean;
  /** A datagram at `at` that is not data of the tunnel. `source`: place of its address, or -1 and who the relay says it is from. */
  readonly other: (at: number, length: number, source: number, relay: NodeId | undefined, now: number) => void;
}

export class Incoming {
  readonly #parts: IncomingParts;
  #plaintext: number = layout.plaintext;
  #batch = 1;
  /** Congestion mark of the datagram in hand. */
  #ecn = 0;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
    const { arena } = parts;
    for (let slot = 0; slot < receiveSlots; slot += 1) {
      const message = layout.receiveMessages + slot * messageLength;
      putPointer(arena, message, arena.base + layout.receiveNames + slot * addressLength);
      putPointer(arena, message + 16, arena.base + layout.receiveVectors + slot * 16);
      putPointer(arena, message + 24, 1);
      putPointer(arena, message + 32, arena.base + layout.receiveControl + slot * controlLength);
      putPointer(arena, layout.receiveVectors + slot * 16, arena.base + bufferOf(slot));
      putPointer(arena, layout.receiveVectors + slot * 16 + 8, longestDatagram);
    }
  }

  /** Takes what the socket has, once. True when there was something. */
  receive(now: number): boolean {
    const { arena, calls, socket, tallies, joiner, forwarder } = this.#parts;
    const { words } = arena;
    const batch = this.#batch;
    for (let slot = 0; slot < batch; slot += 1) {
      const message = (layout.receiveMessages + slot * messageLength) >>> 2;
      words[message + 2] = addressLength;
      words[message + 10] = controlLength;
    }
    const count = calls.recvmmsg(socket, arena.base + layout.receiveMessages, batch, 0, 0);
    if (count <= 0) {
      // Nothing there, or an ICMP error about something sent before: the path finds out by its own probes.
      this.#batch = Math.max(1, this.#batch >>> 1);
      return false;
    }
    tallies[tally.udp_receives]! += 1;
    let bytes = 0;
    for (let slot = 0; slot < count; slot += 1) bytes += this.#take(slot, now);
    joiner.flush();
    forwarder.flush();
    this.#plaintext = layout.plaintext;
    if (bytes > count * largeMessage) this.#batch = 1;
    else if (count === batch) this.#batch = Math.min(receiveSlots, batch * 2);
    return true;
  }

  /** A datagram that came by another way than the socket. */
  receiveOther(datagram: Uint8Array, relay: NodeId | undefined, source: number, now: number): void {
    if (datagram.length > longestDatagram) return;
    const { arena, joiner, forwarder } = this.#parts;
    const at = bufferOf(0);
    this.#ecn = 0;
    arena.bytes.set(datagram, at);
    this.#open(at, datagram.length, source, relay, now);
    joiner.flush();
    forwarder.flush();
    this.#plaintext = layout.plaintext;
  }

  #take(slot: number, now: number): number {
    const { arena, tallies } = this.#parts;
    const { words } = arena;
    const message = (layout.receiveMessages + slot * messageLength) >>> 2;
    const length = words[message + 14]!;
    if ((words[message + 12]! & truncated) !== 0) {
      tallies[tally.received_truncated]! += 1;
      return length;
    }
    const segment = this.#readControl(slot, words[message + 10]!) || length;
    const source = layout.receiveNames + slot * addressLength;
    const start = bufferOf(slot);
    if (segment <= 0 || segment >= length) {
      this.#open(start, length, source, undefined, now);
      return length;
    }
    for (let done = 0; done < length; done += segment) {
      this.#open(start + done, Math.min(segment, length - done), source, undefined, now);
    }
    return length;
  }

  /** Reads the control messages of a datagram: its mark, and the size of what the kernel joined, or 0 (cmsg(3)). */
  #readControl(slot: number, length: number): number {
    const { words } = this.#parts.arena;
    const start = layout.receiveControl + slot * controlLength;
    let segment = 0;
    this.#ecn = 0;
    for (let at = start; at + 17 <= start + length; ) {
      const entry = at >>> 2;
      const size = words[entry]!;
      const level = words[entry + 2]!;
      const type = words[entry + 3]!;
      if (level === solUdp && type === udpGro) segment = words[entry + 4]!;
      // IP_TOS is one byte, IPV6_TCLASS an integer; the mark is in the lowest bits of both.
      else if ((level === 0 && type === 1) || (level === 41 && type === 67)) this.#ecn = words[entry + 4]! & 3;
      at += Math.max(16, (size + 7) & ~7);
    }
    return segment;
  }

  #open(at: number, length: number, source: number, relay: NodeId | undefined, now: number): void {
    const { arena, tallies, peers, cipher, reports, other } = this.#parts;
    const { bytes, view } = arena;
    if (length === 0 || bytes[at] !== dataType) {
      other(at, length, source, relay, now);
      return;
    }
    const counter = length < dataOverhead ? -1 : readCounter(view, at);
    if (length < dataOverhead || view.getUint32(at, true) !== dataType || !Number.isSafeInteger(counter)) {
      tallies[tally.received_malformed]! += 1;
      return;
    }
    const key = peers.key(view.getInt32(at + 4, true));
    if (key === undefined) {
      if (this.#parts.strayed?.(at, length, source, relay) === true) return;
      tallies[tally.received_unknownIndex]! += 1;
      return;
    }
    if (now >= key.expiresAt) {
      tallies[tally.received_expiredKey]! += 1;
      return;
    }
    if (!key.window.accepts(counter)) {
      tallies[tally.received_replay]! += 1;
      return;
    }
    const size = length - dataOverhead;
    const plaintext = this.#room(size);
    if (!cipher.open(at + 16, size, plaintext, key.place + 32)) {
      tallies[tally.received_authentication]! += 1;
      return;
    }
    key.window.mark(counter);
    tallies[relay === undefined ? tally.received_direct : tally.received_relay]! += 1;
    reports.noteReceived(key, size > 0, length, source, relay);
    if (size > 0) this.#deliver(plaintext, size, key.peer.nid, now);
  }

  /** Where the next plaintext may lie: what was delivered before stays until the joiner has written it. */
  #room(size: number): number {
    if (this.#plaintext + size + 2 * headroom > layout.plaintext + plaintextLength) {
      this.#parts.joiner.flush();
      this.#plaintext = layout.plaintext;
    }
    return this.#plaintext;
  }

  #deliver(at: number, size: number, nid: NodeId, now: number): void {
    const { arena, tallies, peers, joiner, forwarder, routes, filter } = this.#parts;
    const length = innerLength(arena, at, size);
    if (length < 0) {
      tallies[tally.inner_malformed]! += 1;
      return;
    }
    const owner = peers.routed[ownerOf(arena, routes(), at, "source")];
    if (owner === undefined || owner.nid !== nid) {
      tallies[tally.inner_source]! += 1;
      return;
    }
    if (!filter.current("in", nid, arena.bytes, at, length)) {
      tallies[tally.inner_filtered]! += 1;
      return;
    }
    if (this.#ecn > 0 && !combineEcn(arena.bytes, at, this.#ecn)) {
      tallies[tally.inner_congested]! += 1;
      return;
    }
    const next = peers.forwards ? peers.routed[ownerOf(arena, routes(), at, "destination")] : undefined;
    if (next !== undefined && next.nid !== nid && (owner.stock || next.stock)) {
      forwarder.add(next, at, length, now);
      return;
    }
    this.#plaintext = (at + size + headroom + 15) & ~15;
    joiner.add(at, length);
  }
}

function bufferOf(slot: number): number {
  return layout.incoming + slot * incomingStride;
}

function readCounter(view: DataView, at: number): number {
  return view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * 0x1_0000_0000;
}
