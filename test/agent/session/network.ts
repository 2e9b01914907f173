// Two nodes with session machines and real keys in virtual time, over a wire that loses, doubles, delays and repeats.
import { KeyTable } from "../../../agent/dataplane/keys.ts";
import { eraseReplaced } from "../../../agent/session/erase.ts";
import { stepSession } from "../../../agent/session/session.ts";
import { emptySession, type SessionEffect, type SessionEvent, type SessionPeer } from "../../../agent/session/state.ts";
import { nextDeadline } from "../../../agent/session/timers.ts";
import type { NodeId } from "../../../protocol/brand.ts";
import { classify } from "../../../protocol/wireguard/classify.ts";
import { consumeInitiation } from "../../../protocol/wireguard/handshake.ts";
import { tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { bytesOf, keysOf } from "../../protocol/noise/bytes.ts";

const peerName = "peer" as NodeId;
const epoch = 1_800_000_000_000;

export class SimulatedNode {
  state = emptySession;
  keys = new KeyTable(tunnelProfile);
  /** Payload numbers that arrived, in order. */
  readonly arrived: number[] = [];
  readonly peer: SessionPeer;
  readonly #network: Network;
  readonly #random: () => number;

  constructor(network: Network, own: string, other: string) {
    this.#network = network;
    this.peer = {
      profile: tunnelProfile,
      local: keysOf(own),
      remoteStatic: keysOf(other).publicKey,
      psk: bytesOf("psk"),
    };
    this.#random = network.random;
  }

  /** Loses everything but what is on disk: the last timestamp sent. */
  restart(): void {
    this.keys.clear();
    this.state = { ...emptySession, sentTimestamp: this.state.sentTimestamp };
  }

  send(payload: number): void {
    const packet = new Uint8Array(16);
    new DataView(packet.buffer).setUint32(0, payload);
    this.#seal(packet);
  }

  receive(datagram: Uint8Array): void {
    const message = classify(datagram);
    const { now } = this.#network;
    if (message.kind === "initiation") {
      const consumed = consumeInitiation(tunnelProfile, this.peer.local, datagram);
      if (consumed.ok) this.give({ kind: "initiation", received: consumed.received });
    } else if (message.kind === "response") {
      this.give({ kind: "response", message: datagram });
    } else if (message.kind === "data") {
      const opened = this.keys.open(datagram, message.receiverIndex, message.counter, now);
      if (!opened.ok) return;
      const { plaintext, localIndex } = opened;
      if (plaintext.length > 0) this.arrived.push(new DataView(plaintext.buffer, plaintext.byteOffset).getUint32(0));
      this.give({ kind: "received", localIndex, data: plaintext.length > 0 });
    }
  }

  give(event: SessionEvent): void {
    const { now } = this.#network;
    const random = (length: number): Uint8Array => Uint8Array.from({ length }, () => this.#random() * 256);
    const freshIndex = (): number => (this.#random() * 2 ** 32) >>> 0;
    const before = this.state;
    const step = stepSession(this.peer, before, event, { now, wall: epoch + now, random, freshIndex });
    this.state = step.state;
    eraseReplaced(before, step.state);
    for (const effect of step.effects) this.#carryOut(effect);
  }

  #seal(packet: Uint8Array): void {
    const sealed = this.keys.seal(peerName, packet, this.#network.now);
    if (sealed === undefined) {
      this.give({ kind: "stage", packet });
      return;
    }
    this.#network.emit(this, sealed.message);
    this.give({ kind: "sent", data: packet.length > 0, counter: sealed.counter });
  }

  #carryOut(effect: SessionEffect): void {
    switch (effect.kind) {
      case "sendInitiation":
      case "sendResponse":
        this.#network.emit(this, effect.message);
        break;
      case "installKeys":
        this.keys.install({ peer: peerName, ...effect });
        break;
      case "removeKeys":
        this.keys.remove(effect.localIndex);
        break;
      case "selectKeys":
        this.keys.select(peerName, effect.localIndex);
        break;
      case "keepalive":
        this.#seal(new Uint8Array(0));
        break;
      case "transmit":
        for (const packet of effect.packets) this.#seal(packet);
        break;
      default:
        break;
    }
  }
}

/** What the wire does to one datagram: milliseconds after which each copy arrives; none: it is lost. */
export type Fate = (random: () => number) => readonly number[];

interface Flight {
  readonly at: number;
  readonly to: SimulatedNode;
  readonly datagram: Uint8Array;
}

export class Network {
  readonly left: SimulatedNode;
  readonly right: SimulatedNode;
  now = 0;
  fate: Fate = () => [1];
  /** Everything that was ever sent, for whoever wants to repeat it. */
  readonly recorded: { readonly to: SimulatedNode; readonly datagram: Uint8Array }[] = [];
  readonly random: () => number;
  #flights: Flight[] = [];

  constructor(seed: number) {
    let state = seed >>> 0;
    this.random = () => {
      state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
      return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
    };
    this.left = new SimulatedNode(this, "left", "right");
    this.right = new SimulatedNode(this, "right", "left");
  }

  emit(from: SimulatedNode, datagram: Uint8Array): void {
    const to = from === this.left ? this.right : this.left;
    this.recorded.push({ to, datagram: Uint8Array.from(datagram) });
    this.#fly(to, datagram);
  }

  /** Sends something recorded again, as an attacker would. */
  replay(): void {
    const old = this.recorded[Math.floor(this.random() * this.recorded.length)];
    if (old !== undefined) this.#flights.push({ at: this.now, to: old.to, datagram: Uint8Array.from(old.datagram) });
  }

  /** Lets time pass, in order of arrivals and timers; `each` runs every 500 ms. */
  advance(milliseconds: number, each: () => void = () => undefined): void {
    const end = this.now + milliseconds;
    let beat = this.now;
    while (this.now < end) {
      const timers = [this.left, this.right].map(({ state }) => nextDeadline(state) ?? end);
      const arrivals = this.#flights.map(({ at }) => at);
      this.now = Math.max(this.now, Math.min(end, beat, ...timers, ...arrivals));
      const due = this.#flights.filter(({ at }) => at <= this.now).toSorted((one, other) => one.at - other.at);
      this.#flights = this.#flights.filter(({ at }) => at > this.now);
      for (const { to, datagram } of due) to.receive(datagram);
      for (const node of [this.left, this.right]) {
        const deadline = nextDeadline(node.state);
        if (deadline !== undefined && deadline <= this.now) node.give({ kind: "time" });
      }
      if (this.now < beat) continue;
      beat += 500;
      each();
    }
  }

  #fly(to: SimulatedNode, datagram: Uint8Array): void {
    for (const delay of this.fate(this.random)) {
      this.#flights.push({ at: this.now + delay, to, datagram: Uint8Array.from(datagram) });
    }
  }
}
