// Sealed datagrams on their way out: runs of equal ones to one address, several runs with one call.
import type { NodeId } from "../../../protocol/brand.ts";
import { dataOverhead, padTo16 } from "../../../protocol/wireguard/padding.ts";
import { counterLimit } from "../../../protocol/wireguard/replay.ts";
import type { NativeCalls } from "../../system/native-calls.ts";
import { ecnOf } from "../ecn.ts";
import { type Arena, putPointer } from "./arena.ts";
import type { Cipher } from "./cipher.ts";
import { headroom, layout, longestDatagram, outgoingLength, sendRuns } from "./layout.ts";
import type { OffloadRegister } from "./offloads.ts";
import type { Peer } from "./peers.ts";
import type { Reports } from "./reports.ts";
import { countSendError, errno } from "./send-error.ts";
import { takeCounter } from "./shared-counter.ts";
import type { SocketAddresses } from "./socket-address.ts";
import { tally } from "./tallies.ts";

/** Segments of one send: what newer kernels take, and what all that know UDP_SEGMENT do. */
const manySegments = 128;
const fewSegments = 64;
/** Runs looked at for one to append to: a peer may have that many paths. */
const lookBack = 4;
/** Milliseconds that a full socket is waited for. */
const fullWait = 5;
const messageLength = 64;
/** UDP_SEGMENT, and behind it IP_TOS or IPV6_TCLASS. */
const controlLength = 48;
const trafficClassAt = 24;
/** AF41 without a mark, as WireGuard has it: what else is full must not delay handshakes. */
const handshakeClass = 0x88;

export interface OutgoingParts {
  readonly arena: Arena;
  readonly calls: NativeCalls;
  readonly cipher: Cipher;
  readonly addresses: SocketAddresses;
  readonly offloads: OffloadRegister;
  readonly reports: Reports;
  readonly tallies: Float64Array;
  readonly socket: number;
  readonly mtu: number;
  /** Takes a datagram for the relay; a copy, to keep. */
  readonly relay: (to: NodeId, bytes: Uint8Array) => void;
}

export class Outgoing {
  readonly #parts: OutgoingParts;
  readonly #from = new Int32Array(sendRuns);
  readonly #bytes = new Int32Array(sendRuns);
  readonly #stride = new Int32Array(sendRuns);
  readonly #count = new Int32Array(sendRuns);
  readonly #ended = new Uint8Array(sendRuns);
  readonly #to = new Int32Array(sendRuns);
  readonly #class = new Uint8Array(sendRuns);
  #runs = 0;
  #end: number = layout.outgoing;
  #maxSegments = manySegments;

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
    const { arena, addresses } = parts;
    for (let run = 0; run < sendRuns; run += 1) {
      const message = layout.sendMessages + run * messageLength;
      arena.words[(message + 8) >>> 2] = addresses.length;
      putPointer(arena, message + 16, arena.base + layout.sendVectors + run * 16);
      putPointer(arena, message + 24, 1);
      putPointer(arena, message + 32, arena.base + layout.sendControl + run * controlLength);
      const control = layout.sendControl + run * controlLength;
      // struct cmsghdr of UDP_SEGMENT (udp(7)): length 18, SOL_UDP, 103, then the size as u16.
      putPointer(arena, control, 18);
      putPointer(arena, control + trafficClassAt, 20);
      arena.words[(control + 8) >>> 2] = 17;
      arena.words[(control + 12) >>> 2] = 103;
    }
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#end - layout.outgoing;
  }

  /**
   * Seals `length` bytes at `at` for a peer and puts them on all its paths. False, and nothing done, when there is no key or no
   * path to use.
   */
  seal(peer: Peer, at: number, length: number, now: number): boolean {
    const { key, direct, relays } = peer;
    if (key === undefined || now >= key.expiresAt || key.counter >= counterLimit) return false;
    if (direct.length === 0 && relays.length === 0) return false;
    const { arena, cipher, mtu, offloads, reports, relay, tallies } = this.#parts;
    const padded = padTo16(length, mtu);
    const size = padded + dataOverhead;
    if (this.#end + size + headroom > layout.outgoing + outgoingLength) this.flush();
    const output = this.#end;
    let { counter } = key;
    if (key.shared === undefined) key.counter = counter + 1;
    else {
      counter = takeCounter(key.shared);
      if (counter < 0) return false;
    }
    const ecn = length > 0 && offloads.isOn("ecn") ? ecnOf(arena.bytes, at) : 0;
    cipher.seal(at, length, padded, output, key.remoteIndex, counter, key.place);
    for (let index = 0; index < relays.length; index += 1) {
      tallies[tally.sent_relay]! += 1;
      relay(relays[index]!, arena.bytes.slice(output, output + size));
    }
    if (direct.length > 0) this.#end = output + size;
    for (let index = 0; index < direct.length; index += 1) this.#append(direct[index]!, output, size, ecn);
    reports.noteSent(peer, length > 0, counter, size);
    return true;
  }

  /** Sends a datagram as it is to the address at `to`. */
  datagram(bytes: Uint8Array, to: number): void {
    if (bytes.length > longestDatagram) return;
    if (this.#end + bytes.length + headroom > layout.outgoing + outgoingLength) this.flush();
    const output = this.#end;
    this.#parts.arena.bytes.set(bytes, output);
    this.#end = output + bytes.length;
    const type = bytes[0];
    const handshake = type === 1 || type === 2 || type === 0xe1 || type === 0xe2;
    this.#append(to, output, bytes.length, handshake ? handshakeClass : 0);
    // The address may change before the next flush.
    this.flush();
  }

  /** Gives everything to the kernel. */
  flush(): void {
    const runs = this.#runs;
    if (runs > 0) this.#sendAll(runs);
    this.#runs = 0;
    this.#end = layout.outgoing;
  }

  #append(to: number, output: number, size: number, trafficClass: number): void {
    this.#parts.tallies[tally.sent_direct]! += 1;
    const oldest = Math.max(0, this.#runs - lookBack);
    for (let run = this.#runs - 1; run >= oldest; run -= 1) {
      if (this.#to[run] !== to || this.#class[run] !== trafficClass) continue;
      if (this.#extend(run, output, size)) return;
    }
    if (this.#runs === sendRuns) {
      // Datagrams already laid out stay where they are.
      this.#sendAll(this.#runs);
      this.#runs = 0;
    }
    const run = this.#runs;
    this.#to[run] = to;
    this.#class[run] = trafficClass;
    this.#from[run] = output;
    this.#bytes[run] = size;
    this.#stride[run] = size;
    this.#count[run] = 1;
    this.#ended[run] = this.#parts.offloads.isOn("udp-segment") ? 0 : 1;
    this.#runs = run + 1;
  }

  #extend(run: number, output: number, size: number): boolean {
    const bytes = this.#bytes[run]!;
    if (this.#ended[run] === 1 || this.#from[run]! + bytes !== output || size > this.#stride[run]!) return false;
    if (this.#count[run]! >= this.#maxSegments || bytes + size > longestDatagram) return false;
    this.#bytes[run] = bytes + size;
    this.#count[run]! += 1;
    if (size < this.#stride[run]!) this.#ended[run] = 1;
    return true;
  }

  #sendAll(runs: number): void {
    const { arena, calls, socket, tallies } = this.#parts;
    for (let run = 0; run < runs; run += 1) this.#describe(run);
    let waited = false;
    for (let run = 0; run < runs; ) {
      const messages = arena.base + layout.sendMessages + run * messageLength;
      const sent =
        runs - run === 1
          ? calls.sendmsg(socket, messages, 0) < 0
            ? -1
            : 1
          : calls.sendmmsg(socket, messages, runs - run, 0);
      tallies[tally.udp_sends]! += 1;
      if (sent > 0) {
        run += sent;
        continue;
      }
      const code = calls.errno();
      if (code === errno.interrupted) continue;
      if ((code === errno.again || code === errno.noBuffers) && !waited) {
        waited = true;
        this.#waitForRoom();
        continue;
      }
      this.#refused(run, code);
      run += 1;
    }
  }

  #describe(run: number): void {
    const { words, halves, base } = this.#parts.arena;
    const message = (layout.sendMessages + run * messageLength) >>> 2;
    const name = base + this.#to[run]!;
    words[message] = name;
    words[message + 1] = name / 0x1_0000_0000;
    const vector = (layout.sendVectors + run * 16) >>> 2;
    const from = base + this.#from[run]!;
    words[vector] = from;
    words[vector + 1] = from / 0x1_0000_0000;
    words[vector + 2] = this.#bytes[run]!;
    const several = this.#count[run]! > 1;
    const trafficClass = this.#class[run]!;
    const control = layout.sendControl + run * controlLength;
    if (several) halves[(control + 16) >>> 1] = this.#stride[run]!;
    if (trafficClass > 0) {
      const entry = (control + trafficClassAt) >>> 2;
      const four = this.#parts.addresses.isIpv4(this.#to[run]!);
      // Level and type: SOL_IP and IP_TOS, or SOL_IPV6 and IPV6_TCLASS.
      words[entry + 2] = four ? 0 : 41;
      words[entry + 3] = four ? 1 : 67;
      words[entry + 4] = trafficClass;
    }
    const first = base + control + (several ? 0 : trafficClassAt);
    words[message + 8] = first;
    words[message + 9] = first / 0x1_0000_0000;
    words[message + 10] = (several ? 24 : 0) + (trafficClass > 0 ? 24 : 0);
  }

  #waitForRoom(): void {
    const { arena, calls, socket } = this.#parts;
    const at = layout.pollDescriptors + 24;
    arena.view.setInt32(at, socket, true);
    arena.view.setInt16(at + 4, 4, true);
    calls.poll(arena.base + at, 1, fullWait);
  }

  /** A run that the kernel did not take: what is about UDP_SEGMENT is sent one by one, the rest is counted. */
  #refused(run: number, code: number): void {
    const { offloads, tallies } = this.#parts;
    const count = this.#count[run]!;
    if (count === 1 || (code !== errno.inputOutput && code !== errno.invalid && code !== errno.messageSize)) {
      countSendError(tallies, code, count);
      return;
    }
    // EIO: the device cannot checksum what it would split. EMSGSIZE: each is larger than the way's MTU, and one by one they leave
    // in fragments. EINVAL: too many, or, from older kernels, the MTU too.
    if (code === errno.inputOutput) offloads.turnOff("udp-segment", "the kernel answered EIO to a send");
    else if (code === errno.invalid && count > fewSegments) this.#maxSegments = fewSegments;
    this.#sendSingly(run);
  }

  #sendSingly(run: number): void {
    const { arena, calls, socket, addresses, tallies } = this.#parts;
    const end = this.#from[run]! + this.#bytes[run]!;
    for (let at = this.#from[run]!; at < end; at += this.#stride[run]!) {
      const size = Math.min(this.#stride[run]!, end - at);
      const sent = calls.send(socket, arena.base + at, size, 0, arena.base + this.#to[run]!, addresses.length);
      if (sent < 0) countSendError(tallies, calls.errno(), 1);
    }
  }
}
