// What the packet path knows of peers and keys: places in the arena, counters, windows, and what to tell the session core.
import type { NodeId } from "../../../protocol/brand.ts";
import { ReplayWindow } from "../../../protocol/wireguard/replay.ts";
import type { Path } from "../../transport/path.ts";
import type { PeerRoutes } from "../routing.ts";
import type { Arena } from "./arena.ts";
import { addressLength, addressSlots, keySlots, layout } from "./layout.ts";
import type { SharedCounter } from "./shared-counter.ts";
import type { SocketAddresses } from "./socket-address.ts";

export interface Key {
  readonly peer: Peer;
  readonly localIndex: number;
  readonly remoteIndex: number;
  /** Place of 32 bytes to send with, and 32 to receive with behind them. */
  readonly place: number;
  readonly expiresAt: number;
  readonly window: ReplayWindow;
  /** The next one to send with, where this thread alone does; else it is in `shared`. */
  counter: number;
  readonly shared: SharedCounter | undefined;
  /** Something authenticated under it was reported: what follows may wait for the next summary. */
  confirmed: boolean;
}

export interface Peer {
  readonly nid: NodeId;
  /** A stock client. */
  stock: boolean;
  key: Key | undefined;
  /** Places of socket addresses in the arena. */
  direct: readonly number[];
  relays: readonly NodeId[];
  /** Not yet reported. */
  readonly sent: { packets: number; bytes: number; data: boolean; counter: number; at: number };
  readonly received: {
    packets: number;
    bytes: number;
    data: boolean;
    index: number;
    relay: NodeId | undefined;
    at: number;
  };
  /** Source of what was received last: a place in the arena, its own. */
  readonly source: number;
  sentLast: boolean;
  /** In the list of those with something to report. */
  pending: boolean;
}

/** Peers come to be when first named, and go when neither routes nor keys nor paths name them. */
export class Peers {
  readonly #arena: Arena;
  readonly #addresses: SocketAddresses;
  readonly #byNid = new Map<NodeId, Peer>();
  /** All, to send with; and those of which this thread receives. */
  readonly #keys = new Map<number, Key>();
  readonly #receiving = new Map<number, Key>();
  readonly #freeKeys: number[] = [];
  readonly #freeAddresses: number[] = [];
  /** Named by the routes, in their order. */
  routed: Peer[] = [];
  /** There are stock clients, so packets may have to be passed on. */
  forwards = false;

  constructor(arena: Arena, addresses: SocketAddresses) {
    this.#arena = arena;
    this.#addresses = addresses;
    for (let slot = keySlots - 1; slot >= 0; slot -= 1) this.#freeKeys.push(layout.keys + slot * 64);
    for (let slot = addressSlots - 1; slot >= 0; slot -= 1) {
      this.#freeAddresses.push(layout.addresses + slot * addressLength);
    }
  }

  find(nid: NodeId): Peer | undefined {
    return this.#byNid.get(nid);
  }

  /** The key of a datagram that this thread may open. @param localIndex signed */
  key(localIndex: number): Key | undefined {
    return this.#receiving.get(localIndex);
  }

  /** Whether there is such a key, on whichever thread. @param localIndex signed */
  knows(localIndex: number): boolean {
    return this.#keys.has(localIndex);
  }

  setRouted(peers: readonly Pick<PeerRoutes, "nid" | "stock">[]): void {
    const before = this.routed;
    this.routed = peers.map(({ nid, stock }) => {
      const peer = this.#make(nid);
      peer.stock = stock === true;
      return peer;
    });
    this.forwards = this.routed.some(({ stock }) => stock);
    for (const peer of before) this.#forgetUnused(peer);
  }

  /**
   * False: there is no room for another key. `secret` is wiped: 32 bytes to send with and, where this thread is to receive, 32 to
   * receive with. `shared`: the counter, where others send under the same key.
   */
  install(
    nid: NodeId,
    localIndex: number,
    remoteIndex: number,
    expiresAt: number,
    secret: Uint8Array,
    shared?: SharedCounter,
  ): boolean {
    this.remove(localIndex);
    const place = this.#freeKeys.pop();
    if (place !== undefined) {
      this.#arena.bytes.set(secret, place);
      const peer = this.#make(nid);
      const entry = { peer, localIndex, remoteIndex, place, expiresAt, window: new ReplayWindow() };
      const key = { ...entry, counter: 0, shared, confirmed: false };
      this.#keys.set(localIndex | 0, key);
      if (secret.length === 64) this.#receiving.set(localIndex | 0, key);
    }
    secret.fill(0);
    return place !== undefined;
  }

  select(nid: NodeId, localIndex: number | undefined): void {
    const peer = this.#byNid.get(nid);
    if (peer === undefined) return;
    peer.key = localIndex === undefined ? undefined : this.#keys.get(localIndex | 0);
  }

  /** Forgets a key and wipes it. */
  remove(localIndex: number): void {
    const key = this.#keys.get(localIndex | 0);
    if (key === undefined) return;
    this.#keys.delete(localIndex | 0);
    this.#receiving.delete(localIndex | 0);
    this.#arena.bytes.fill(0, key.place, key.place + 64);
    this.#freeKeys.push(key.place);
    if (key.peer.key === key) key.peer.key = undefined;
    this.#forgetUnused(key.peer);
  }

  /** Paths whose address cannot be used on this socket, or for which there is no room, are left out; their number is returned. */
  setPaths(nid: NodeId, paths: readonly Path[]): number {
    const peer = this.#make(nid);
    const direct: number[] = [];
    this.#freeAddresses.push(...peer.direct);
    let left = 0;
    for (const path of paths) {
      if (path.kind === "relay") continue;
      const place = this.#freeAddresses.pop();
      if (place !== undefined && this.#addresses.write(place, path)) direct.push(place);
      else {
        left += 1;
        if (place !== undefined) this.#freeAddresses.push(place);
      }
    }
    peer.direct = direct;
    peer.relays = paths.flatMap((path) => (path.kind === "relay" ? [path.nid] : []));
    if (paths.length === 0) this.#forgetUnused(peer);
    return left;
  }

  #make(nid: NodeId): Peer {
    const known = this.#byNid.get(nid);
    if (known !== undefined) return known;
    const source = this.#freeAddresses.pop();
    if (source === undefined) throw new RangeError(`no room for more than ${addressSlots} addresses of peers`);
    const peer: Peer = {
      nid,
      stock: false,
      key: undefined,
      direct: [],
      relays: [],
      sent: { packets: 0, bytes: 0, data: false, counter: 0, at: 0 },
      received: { packets: 0, bytes: 0, data: false, index: 0, relay: undefined, at: 0 },
      source,
      sentLast: false,
      pending: false,
    };
    this.#byNid.set(nid, peer);
    return peer;
  }

  #forgetUnused(peer: Peer): void {
    if (peer.direct.length > 0 || peer.relays.length > 0 || this.routed.includes(peer)) return;
    for (const key of this.#keys.values()) if (key.peer === peer) return;
    this.#byNid.delete(peer.nid);
    this.#freeAddresses.push(peer.source);
  }
}
