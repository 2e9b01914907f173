// What the main thread hears of traffic: a summary per peer a few times a second, and at once what a session waits for.

import type { NodeId } from "../../../protocol/brand.ts";
import type { FromPlane } from "./messages.ts";
import type { Key, Peer } from "./peers.ts";
import type { SocketAddresses } from "./socket-address.ts";

/** Milliseconds between summaries: where there is a quiet moment, and where there is none. */
const reportInterval = 50;
const busyInterval = 100;
/** Milliseconds without a packet that make a quiet moment: a summary takes half of one, which the answer to what just left need not wait for. */
const quietTime = 2;
/** Milliseconds: the longest sleep of a thread. */
const longestSleep = 1_000;
/** Changes of path that are reported one by one between two summaries; a flood of them is not. */
const pathChanges = 16;

export class Reports {
  readonly #addresses: SocketAddresses;
  readonly #say: (message: FromPlane) => void;
  readonly #timed: boolean;
  #pending: Peer[] = [];
  #reportedAt = 0;
  #busyAt = 0;
  #urgent = false;
  #changes = 0;
  /** The time of what is noted now, where other threads note as well. */
  now = 0;

  /** @param timed whether other threads report of the same peers: each report then says when the last of it was */
  constructor(addresses: SocketAddresses, say: (message: FromPlane) => void, timed = false) {
    this.#addresses = addresses;
    this.#say = say;
    this.#timed = timed;
  }

  /** How many milliseconds the thread may sleep when there is nothing to do. */
  patience(now: number): number {
    if (this.#pending.length === 0) return longestSleep;
    return now - this.#reportedAt < reportInterval ? reportInterval : quietTime;
  }

  noteSent(peer: Peer, data: boolean, counter: number, bytes: number): void {
    const { sent } = peer;
    sent.packets += 1;
    sent.bytes += bytes;
    sent.counter = counter;
    if (data) sent.data = true;
    if (this.#timed) sent.at = this.now;
    peer.sentLast = true;
    if (!peer.pending) this.#add(peer);
  }

  /** @param source place of the address it came from, or -1 for the relay */
  noteReceived(key: Key, data: boolean, bytes: number, source: number, relay: NodeId | undefined): void {
    const { peer } = key;
    const { received } = peer;
    const addresses = this.#addresses;
    const samePath = relay === received.relay && (source < 0 || addresses.equal(source, peer.source));
    if (received.packets > 0 && (!samePath || received.index !== key.localIndex)) {
      this.#changes += 1;
      if (this.#changes <= pathChanges) this.#sayReceived(peer);
    }
    if (!samePath) {
      received.relay = relay;
      if (source >= 0) addresses.copy(peer.source, source);
    }
    received.packets += 1;
    received.bytes += bytes;
    received.index = key.localIndex;
    if (data) received.data = true;
    if (this.#timed) received.at = this.now;
    peer.sentLast = false;
    if (!key.confirmed) {
      key.confirmed = true;
      this.#urgent = true;
    }
    if (!peer.pending) this.#add(peer);
  }

  /** Says what is due. @param busy whether packets came just now */
  flush(now: number, busy: boolean): void {
    if (busy) this.#busyAt = now;
    if (this.#pending.length === 0) return;
    const interval = now - this.#busyAt < quietTime ? busyInterval : reportInterval;
    if (!this.#urgent && now - this.#reportedAt < interval) return;
    this.#reportedAt = now;
    this.#urgent = false;
    this.#changes = 0;
    for (const peer of this.#pending) {
      peer.pending = false;
      // What happened last is said last: timers depend on the order.
      if (!peer.sentLast) this.#saySent(peer);
      this.#sayReceived(peer);
      if (peer.sentLast) this.#saySent(peer);
    }
    this.#pending = [];
  }

  #add(peer: Peer): void {
    peer.pending = true;
    this.#pending.push(peer);
  }

  #saySent({ nid, sent }: Peer): void {
    if (sent.packets === 0) return;
    const { data, counter, bytes, at } = sent;
    this.#say({ kind: "sent", peer: nid, data, counter, bytes, at });
    sent.packets = 0;
    sent.bytes = 0;
    sent.data = false;
  }

  #sayReceived({ nid, received, source }: Peer): void {
    if (received.packets === 0) return;
    const { relay, index, data, bytes, at } = received;
    const path = relay === undefined ? this.#addresses.read(source) : { kind: "relay" as const, nid: relay };
    this.#say({ kind: "received", peer: nid, localIndex: index, data, bytes, path, at });
    received.packets = 0;
    received.bytes = 0;
    received.data = false;
  }
}
