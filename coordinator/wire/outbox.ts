// What goes out on one channel, in order of need: control messages, then the map, then relayed datagrams.
import type { WebSocket } from "ws";
import type { ChannelTransport } from "../../protocol/coordination/transport.ts";
import type { Counters } from "../counters.ts";
import type { Limits } from "../limits.ts";
import { RelayQueue } from "./relay-queue.ts";

/** Gives the next message of a map when the channel has room; undefined when the receiver has everything. */
export type MapSource = () => Uint8Array | undefined;

/** Frames are sealed as they leave, since a seal has its place in the order. Every queue is bounded. */
export class Outbox {
  readonly #socket: WebSocket;
  readonly #transport: ChannelTransport;
  readonly #limits: Limits;
  readonly #counters: Counters;
  readonly #control: Uint8Array[] = [];
  readonly #relay: RelayQueue;
  #controlBytes = 0;
  #map: MapSource | undefined;

  constructor(socket: WebSocket, transport: ChannelTransport, limits: Limits, counters: Counters) {
    this.#socket = socket;
    this.#transport = transport;
    this.#limits = limits;
    this.#counters = counters;
    this.#relay = new RelayQueue(limits.relayFrames, limits.relayBytes);
  }

  /** Messages of the map come from `source` from now on. */
  follow(source: MapSource): void {
    this.#map = source;
    this.pump();
  }

  /** Queues a control message. A receiver that does not take them is cut off. */
  control(plaintext: Uint8Array): void {
    this.#control.push(plaintext);
    this.#controlBytes += plaintext.length;
    if (this.#controlBytes > this.#limits.controlBytes) {
      this.#counters.add("channel.closed.slow");
      this.#socket.terminate();
      return;
    }
    this.pump();
  }

  /** Seals and hands over a message at once, ahead of everything that waits: nothing may follow it. */
  last(plaintext: Uint8Array): void {
    const frame = this.#socket.readyState === this.#socket.OPEN ? this.#transport.seal(plaintext) : undefined;
    if (frame !== undefined) this.#socket.send(frame, { binary: true });
    this.clear();
  }

  /** Queues a relayed datagram, dropping the oldest where there are too many. */
  relay(plaintext: Uint8Array): void {
    const dropped = this.#relay.push(plaintext);
    if (dropped > 0) this.#counters.add("relay.refused.queue", dropped);
    this.pump();
  }

  /** Sends while the socket takes it; its callbacks go on later. */
  pump(): void {
    while (this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount < this.#limits.highWater) {
      const plaintext = this.#next();
      if (plaintext === undefined) return;
      const frame = this.#transport.seal(plaintext);
      if (frame === undefined) {
        this.#socket.terminate();
        return;
      }
      this.#socket.send(frame, { binary: true }, (error) => {
        if (!error && this.#waiting()) this.pump();
      });
    }
  }

  clear(): void {
    this.#control.length = 0;
    this.#controlBytes = 0;
    this.#relay.clear();
    this.#map = undefined;
  }

  #next(): Uint8Array | undefined {
    const control = this.#control.shift();
    if (control !== undefined) {
      this.#controlBytes -= control.length;
      return control;
    }
    return this.#map?.() ?? this.#relay.shift();
  }

  #waiting(): boolean {
    return this.#control.length > 0 || this.#map !== undefined || this.#relay.length > 0;
  }
}
