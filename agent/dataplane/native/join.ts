// Joins consecutive packets of one TCP or UDP flow into one that the kernel takes with one write (what GRO does for a network card).
import { type Arena, putPointer } from "./arena.ts";
import { layout, writeVectors } from "./layout.ts";
import { pseudoSum, tcp, udp } from "./packet.ts";
import { gsoType, needsChecksum, virtioHeaderLength } from "./virtio.ts";

/**
 * Writes `count` vectors of `layout.writeList`: virtio header, first packet, payloads of the others. `joined`: how many packets.
 * `protocol`: their number in the IP header.
 */
export type WritePackets = (count: number, joined: number, protocol: number) => void;

const acknowledge = 0x10;
const push = 0x08;
const dontFragment = 0x40;
const longestPacket = 65_535;
/** UDP packets of one run: UDP_MAX_SEGMENTS of linux/udp.h, and what it was before Linux 6.9. */
const manySegments = 128;
const fewSegments = 64;

/** One run at a time; packets leave in the order they came. Offsets of packets are multiples of 4. */
export class Joiner {
  readonly #arena: Arena;
  readonly #write: WritePackets;
  readonly #kinds: { readonly tcp: boolean; readonly udp: boolean };
  /** Of the run: offset of its first packet, or -1 when there is none. */
  #first = -1;
  #transport = 0;
  #headerLength = 0;
  #ipLength = 0;
  #segment = 0;
  #payload = 0;
  #count = 0;
  #vectors = 0;
  #flags = 0;
  #nextSequence = 0;
  #identification = 0;
  /** By how much the IPv4 identification grows; -1: not known yet. */
  #step = -1;
  /** Nothing can follow: a shorter segment, or one with PSH, or a packet that is never joined. */
  #ended = true;
  #mostSegments = manySegments;
  /** Of the packet that was read last. */
  #readTransport = 0;
  #readIpLength = 0;
  #readHeaderLength = 0;

  constructor(arena: Arena, kinds: { readonly tcp: boolean; readonly udp: boolean }, write: WritePackets) {
    this.#arena = arena;
    this.#kinds = kinds;
    this.#write = write;
    putPointer(arena, layout.writeList, arena.base + layout.writeHeader);
    putPointer(arena, layout.writeList + 8, virtioHeaderLength);
  }

  /** Takes a packet whose bytes stay until `flush`. Its length has been held against its header. */
  add(at: number, length: number): void {
    const payload = this.#read(at, length);
    if (payload > 0 && this.#follows(at, payload)) {
      this.#vector(at + this.#headerLength, payload);
      this.#count += 1;
      this.#payload += payload;
      this.#nextSequence = (this.#nextSequence + payload) >>> 0;
      const flags = this.#transport === tcp ? this.#arena.bytes[at + this.#ipLength + 13]! : 0;
      this.#flags |= flags;
      this.#ended = payload < this.#segment || (flags & push) !== 0;
      return;
    }
    this.flush();
    this.#start(at, length, payload);
  }

  /** The kernel refused a run: later ones are short enough for an older one. */
  shorten(joined: number): void {
    if (joined > fewSegments) this.#mostSegments = fewSegments;
  }

  /** Writes what there is. */
  flush(): void {
    if (this.#first < 0) return;
    if (this.#count > 1) this.#finish();
    else this.#arena.bytes.fill(0, layout.writeHeader, layout.writeHeader + virtioHeaderLength);
    this.#first = -1;
    this.#write(this.#vectors, this.#count, this.#transport);
  }

  #vector(at: number, length: number): void {
    const { words, base } = this.#arena;
    const entry = (layout.writeList + this.#vectors * 16) >>> 2;
    const address = base + at;
    words[entry] = address;
    words[entry + 1] = address / 0x1_0000_0000;
    words[entry + 2] = length;
    words[entry + 3] = 0;
    this.#vectors += 1;
  }

  #start(at: number, length: number, payload: number): void {
    const { bytes, view } = this.#arena;
    this.#vectors = 1;
    this.#vector(at, length);
    this.#first = at;
    this.#count = 1;
    this.#transport = this.#readTransport;
    this.#headerLength = this.#readHeaderLength;
    this.#ipLength = this.#readIpLength;
    this.#segment = payload;
    this.#payload = payload;
    this.#ended = payload <= 0;
    if (this.#ended) return;
    this.#step = -1;
    this.#identification = this.#ipLength === 20 ? view.getUint16(at + 4) : 0;
    if (this.#transport !== tcp) return;
    this.#flags = bytes[at + this.#ipLength + 13]!;
    this.#nextSequence = (view.getUint32(at + this.#ipLength + 4) + payload) >>> 0;
    this.#ended = (this.#flags & push) !== 0;
  }

  /** Bytes of payload of a packet that may be joined with others, or 0. Fragments, options and wrong checksums may not. */
  #read(at: number, length: number): number {
    const { bytes, kernels } = this.#arena;
    const four = bytes[at]! >>> 4 === 4;
    const ipLength = four ? 20 : 40;
    const transport = bytes[at + (four ? 9 : 6)]!;
    this.#readTransport = transport;
    if (four) {
      const fragment = (bytes[at + 6]! & ~dontFragment) | bytes[at + 7]!;
      if (bytes[at] !== 0x45 || fragment !== 0 || kernels.sum(at, 20, 0) !== 0xffff) return 0;
    }
    const from = at + ipLength;
    const behind = length - ipLength;
    let own = 8;
    if (transport === tcp && this.#kinds.tcp) {
      if (behind < 20 || (bytes[from + 13]! & ~push) !== acknowledge) return 0;
      own = (bytes[from + 12]! >>> 4) * 4;
      if (own < 20) return 0;
    } else if (transport === udp && this.#kinds.udp) {
      if (behind < 8 || ((bytes[from + 4]! << 8) | bytes[from + 5]!) !== behind) return 0;
      if ((bytes[from + 6]! | bytes[from + 7]!) === 0) return 0;
    } else {
      return 0;
    }
    const payload = behind - own;
    if (payload <= 0 || kernels.sum(from, behind, pseudoSum(this.#arena, at, transport, behind)) !== 0xffff) return 0;
    this.#readIpLength = ipLength;
    this.#readHeaderLength = ipLength + own;
    return payload;
  }

  /** Whether the packet that was just read is the next of the run. */
  #follows(at: number, payload: number): boolean {
    if (this.#ended || this.#first < 0 || this.#readTransport !== this.#transport) return false;
    if (this.#readHeaderLength !== this.#headerLength || this.#readIpLength !== this.#ipLength) return false;
    if (payload > this.#segment || this.#headerLength + this.#payload + payload > longestPacket) return false;
    if (this.#vectors >= writeVectors) return false;
    const { words, view } = this.#arena;
    const one = this.#first >>> 2;
    const other = at >>> 2;
    const transport = this.#ipLength >>> 2;
    if (words[one + 3] !== words[other + 3] || words[one + 4] !== words[other + 4]) return false;
    if (words[one + transport] !== words[other + transport]) return false;
    if (!(this.#ipLength === 20 ? this.#sameIpv4(at) : this.#sameIpv6(one, other))) return false;
    if (this.#transport === udp) return this.#count < this.#mostSegments;
    if (view.getUint32(at + this.#ipLength + 4) !== this.#nextSequence) return false;
    if (words[one + transport + 2] !== words[other + transport + 2]) return false;
    // Data offset, flags and window; PSH, in the second byte, may differ.
    if (((words[one + transport + 3]! ^ words[other + transport + 3]!) & ~(push << 8)) !== 0) return false;
    for (let word = transport + 5; word < this.#headerLength >>> 2; word += 1) {
      if (words[one + word] !== words[other + word]) return false;
    }
    return true;
  }

  /** TOS, TTL and DF are the same, and the identification goes on, or stands still where DF lets it (RFC 6864). */
  #sameIpv4(at: number): boolean {
    const { bytes, view } = this.#arena;
    const first = this.#first;
    if (bytes[first + 1] !== bytes[at + 1] || bytes[first + 8] !== bytes[at + 8]) return false;
    if (bytes[first + 6] !== bytes[at + 6]) return false;
    const identification = view.getUint16(at + 4);
    const grown = (identification - this.#identification) & 0xffff;
    if (this.#step === -1) {
      if (grown !== 1 && (grown !== 0 || (bytes[at + 6]! & dontFragment) === 0)) return false;
      this.#step = grown;
    }
    return grown === ((this.#step * this.#count) & 0xffff);
  }

  /** Traffic class, flow label and hop limit are the same, and the rest of the addresses. */
  #sameIpv6(one: number, other: number): boolean {
    const { words, bytes } = this.#arena;
    if (words[one] !== words[other] || bytes[one * 4 + 7] !== bytes[other * 4 + 7]) return false;
    for (let word = 2; word < 10; word += 1) if (words[one + word] !== words[other + word]) return false;
    return true;
  }

  /** Makes the first header that of the whole, and the virtio header say how it splits again. */
  #finish(): void {
    const { bytes, view, halves, kernels } = this.#arena;
    const at = this.#first;
    const whole = this.#headerLength + this.#payload;
    const four = this.#ipLength === 20;
    const from = at + this.#ipLength;
    const behind = whole - this.#ipLength;
    if (four) {
      view.setUint16(at + 2, whole);
      view.setUint16(at + 10, 0);
      view.setUint16(at + 10, ~kernels.sum(at, 20, 0), true);
    } else {
      view.setUint16(at + 4, whole - 40);
    }
    const sum = pseudoSum(this.#arena, at, this.#transport, behind);
    const tcpRun = this.#transport === tcp;
    if (tcpRun) {
      bytes[from + 13] = this.#flags;
      view.setUint16(from + 16, sum, true);
    } else {
      view.setUint16(from + 4, behind);
      view.setUint16(from + 6, sum, true);
    }
    const header = layout.writeHeader;
    bytes[header] = needsChecksum;
    bytes[header + 1] = tcpRun ? (four ? gsoType.tcp4 : gsoType.tcp6) : gsoType.udp;
    halves[(header + 2) >>> 1] = this.#headerLength;
    halves[(header + 4) >>> 1] = this.#segment;
    halves[(header + 6) >>> 1] = this.#ipLength;
    halves[(header + 8) >>> 1] = tcpRun ? 16 : 6;
  }
}
