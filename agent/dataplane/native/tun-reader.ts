// Packets from the TUN device: routed to a peer, split where the kernel left them whole, sealed.
import type { NodeId } from "../../../protocol/brand.ts";
import type { NativeCalls } from "../../system/native-calls.ts";
import type { CurrentFilter } from "../filter.ts";
import type { Arena } from "./arena.ts";
import { layout, longestDatagram, tunRead, tunReadLength } from "./layout.ts";
import type { Outgoing } from "./outgoing.ts";
import { innerLength, ownerOf } from "./packet.ts";
import type { Peer, Peers } from "./peers.ts";
import type { PrefixTable } from "./prefix-table.ts";
import { errno } from "./send-error.ts";
import { completeChecksum, splitPacket } from "./split.ts";
import { tally } from "./tallies.ts";
import { emptyVirtio, readVirtio, virtioHeaderLength } from "./virtio.ts";

/** Reads before other work gets its turn. */
const readBatch = 128;
/** Bytes that make a send worth while, and sends before other work gets its turn. */
const sendBytes = 32_000;
const sendBatch = 4;
/** Header, padding and tag on top of a packet. */
const longestInner = longestDatagram - 48;

export interface TunReaderParts {
  readonly arena: Arena;
  readonly calls: NativeCalls;
  readonly outgoing: Outgoing;
  readonly peers: Peers;
  readonly tallies: Float64Array;
  readonly filter: CurrentFilter;
  readonly routes: () => PrefixTable;
  /** A packet without key or path; a copy, to keep. */
  readonly unsent: (peer: NodeId, bytes: Uint8Array) => void;
}

export class TunReader {
  readonly #parts: TunReaderParts;
  readonly #virtio = emptyVirtio();
  readonly #take: (at: number, length: number) => void;
  #peer: Peer | undefined;
  #now = 0;
  /** Why the device is of no more use; undefined while it is. */
  gone: string | undefined;

  constructor(parts: TunReaderParts) {
    this.#parts = parts;
    const { arena, outgoing, unsent } = parts;
    this.#take = (at, length) => {
      const peer = this.#peer;
      if (peer !== undefined && !outgoing.seal(peer, at, length, this.#now)) {
        unsent(peer.nid, arena.bytes.slice(at, at + length));
      }
    };
  }

  /** Reads until the device is empty, or others must have their turn. True when there was something. */
  read(fd: number, now: number): boolean {
    const { arena, calls, outgoing, tallies } = this.#parts;
    this.#now = now;
    let reads = 0;
    for (let sends = 0; reads < readBatch && sends < sendBatch; reads += 1) {
      const length = calls.read(fd, arena.base + tunRead, tunReadLength);
      if (length < 0) {
        const code = calls.errno();
        if (code === errno.interrupted) continue;
        if (code !== errno.again) this.gone = `errno ${code}`;
        break;
      }
      tallies[tally.tun_reads]! += 1;
      this.#route(length - virtioHeaderLength);
      if (outgoing.waiting > sendBytes) {
        outgoing.flush();
        sends += 1;
      }
    }
    outgoing.flush();
    return reads > 0;
  }

  /** Seals a packet that somebody else has; false when it is none that could go to the peer. */
  send(peer: Peer, packet: Uint8Array, now: number): boolean {
    if (packet.length > longestInner) return false;
    const { arena, outgoing } = this.#parts;
    arena.bytes.set(packet, layout.tunPacket);
    return outgoing.seal(peer, layout.tunPacket, packet.length, now);
  }

  /** The packet lies at `layout.tunPacket`, its virtio header before it. */
  #route(length: number): void {
    const { arena, tallies, peers, routes, filter } = this.#parts;
    const at = layout.tunPacket;
    if (length <= 0 || innerLength(arena, at, length) !== length) {
      tallies[tally.tun_malformed]! += 1;
      return;
    }
    const virtio = this.#virtio;
    if (!readVirtio(arena, tunRead, length, virtio)) {
      tallies[tally.tun_vnet]! += 1;
      return;
    }
    if ((virtio.segment > 0 ? virtio.headerLength + virtio.segment : length) > longestInner) {
      tallies[tally.tun_too_long]! += 1;
      return;
    }
    const peer = peers.routed[ownerOf(arena, routes(), at, "destination")];
    if (peer === undefined) {
      tallies[tally.tun_no_peer]! += 1;
      return;
    }
    if (!filter.current("out", peer.nid, arena.bytes, at, length)) {
      tallies[tally.tun_filtered]! += 1;
      return;
    }
    this.#peer = peer;
    if (virtio.segment > 0) {
      splitPacket(arena, at, length, virtio, this.#take);
      return;
    }
    if (virtio.transportAt > 0) completeChecksum(arena, at, length, virtio);
    this.#take(at, length);
  }
}
