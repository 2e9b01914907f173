// Two session machines in virtual time, joined by a wire that tests may cut, delay or tap.

import { eraseReplaced } from "../../../agent/session/erase.ts";
import { stepSession } from "../../../agent/session/session.ts";
import {
  emptySession,
  type SessionEffect,
  type SessionEvent,
  type SessionPeer,
  type SessionState,
} from "../../../agent/session/state.ts";
import { nextDeadline } from "../../../agent/session/timers.ts";
import { keyPairOf } from "../../../protocol/noise/primitives.ts";
import { consumeInitiation, type SessionKeys } from "../../../protocol/wireguard/handshake.ts";
import { type HandshakeProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";

type Sent =
  | { readonly kind: "initiation"; readonly bytes: Uint8Array }
  | { readonly kind: "response"; readonly bytes: Uint8Array }
  | { readonly kind: "packet"; readonly receiverIndex: number; readonly data: boolean };

interface Keys {
  readonly keys: SessionKeys;
  readonly remoteIndex: number;
}

/** Epoch of virtual wall clocks. */
const epoch = 1_800_000_000_000;

/** One side: carries out effects as the edge would, without a socket. */
export class Side {
  state: SessionState = emptySession;
  readonly installed = new Map<number, Keys>();
  readonly effects: SessionEffect[] = [];
  readonly out: Sent[] = [];
  selected: number | undefined;
  /** Milliseconds by which this side's wall clock is wrong. */
  skew = 0;
  now = 0;
  #counter = 0;
  #seed: number;

  readonly peer: SessionPeer;

  constructor(peer: SessionPeer, seed: number) {
    this.peer = peer;
    this.#seed = seed;
  }

  give(event: SessionEvent, now: number): void {
    this.now = now;
    const random = (length: number): Uint8Array => Uint8Array.from({ length }, () => this.#draw());
    const freshIndex = (): number => new DataView(random(4).buffer).getUint32(0, true);
    const context = { now, wall: epoch + now + this.skew, random, freshIndex };
    const before = this.state;
    const { state, effects } = stepSession(this.peer, before, event, context);
    this.state = state;
    eraseReplaced(before, state);
    for (const effect of effects) this.#carryOut(effect, now);
  }

  /** Sends one packet as the data plane would. */
  send(now: number): void {
    const keys = this.selected === undefined ? undefined : this.installed.get(this.selected);
    if (keys === undefined) this.give({ kind: "stage", packet: Uint8Array.of(1) }, now);
    else this.#packet(keys, true, now);
  }

  count(kind: SessionEffect["kind"]): number {
    return this.effects.filter((effect) => effect.kind === kind).length;
  }

  refusals(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === "refused" ? [effect.reason] : []));
  }

  #packet(keys: Keys, data: boolean, now: number): void {
    this.out.push({ kind: "packet", receiverIndex: keys.remoteIndex, data });
    this.#counter += 1;
    this.give({ kind: "sent", data, counter: this.#counter }, now);
  }

  #carryOut(effect: SessionEffect, now: number): void {
    this.effects.push(effect);
    const current = (): Keys | undefined =>
      this.selected === undefined ? undefined : this.installed.get(this.selected);
    if (effect.kind === "sendInitiation") this.out.push({ kind: "initiation", bytes: effect.message });
    if (effect.kind === "sendResponse") this.out.push({ kind: "response", bytes: effect.message });
    if (effect.kind === "installKeys") this.installed.set(effect.localIndex, effect);
    if (effect.kind === "removeKeys") this.installed.delete(effect.localIndex);
    if (effect.kind === "selectKeys") this.selected = effect.localIndex;
    const keys = current();
    if (effect.kind === "keepalive" && keys !== undefined) this.#packet(keys, false, now);
    if (effect.kind === "transmit" && keys !== undefined) for (const _ of effect.packets) this.#packet(keys, true, now);
  }

  #draw(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
    return this.#seed >>> 24;
  }
}

/** Both sides and the wire. */
export class Pair {
  readonly left: Side;
  readonly right: Side;
  now = 0;
  /** Says whether a datagram arrives. */
  passes: (from: Side, sent: Sent) => boolean = () => true;
  readonly tapped: { readonly from: Side; readonly sent: Sent }[] = [];
  received = 0;

  /** @param persistentKeepalive of the left side, milliseconds */
  constructor(profile: HandshakeProfile = tunnelProfile, persistentKeepalive?: number) {
    const [one, other] = [keyPairOf(new Uint8Array(32).fill(1)), keyPairOf(new Uint8Array(32).fill(2))];
    const psk = new Uint8Array(32).fill(3);
    const keepalive = persistentKeepalive === undefined ? {} : { persistentKeepalive };
    this.left = new Side({ profile, local: one, remoteStatic: other.publicKey, psk, ...keepalive }, 11);
    this.right = new Side({ profile, local: other, remoteStatic: one.publicKey, psk }, 22);
  }

  /** Delivers until the wire is empty. */
  settle(): void {
    for (let rounds = 0; rounds < 50; rounds += 1) {
      const waiting = [this.left, this.right].flatMap((from) => from.out.splice(0).map((sent) => ({ from, sent })));
      if (waiting.length === 0) return;
      for (const { from, sent } of waiting) {
        this.tapped.push({ from, sent });
        if (this.passes(from, sent)) this.deliver(from === this.left ? this.right : this.left, sent);
      }
    }
    throw new Error("the two sides never fell silent");
  }

  deliver(to: Side, sent: Sent): void {
    if (sent.kind === "initiation") {
      const consumed = consumeInitiation(to.peer.profile, to.peer.local, sent.bytes);
      if (consumed.ok) to.give({ kind: "initiation", received: consumed.received }, this.now);
    } else if (sent.kind === "response") {
      to.give({ kind: "response", message: sent.bytes }, this.now);
    } else if (to.installed.has(sent.receiverIndex)) {
      this.received += 1;
      to.give({ kind: "received", localIndex: sent.receiverIndex, data: sent.data }, this.now);
    }
  }

  /** Lets time pass, stopping at each timer; `each` runs every second. */
  advance(milliseconds: number, each: () => void = () => undefined): void {
    const end = this.now + milliseconds;
    let second = this.now + 1_000;
    while (this.now < end) {
      const timers = [this.left, this.right].map((side) => nextDeadline(side.state) ?? Number.POSITIVE_INFINITY);
      this.now = Math.min(end, Math.max(this.now + 1, Math.min(...timers, second)));
      for (const side of [this.left, this.right]) side.give({ kind: "time" }, this.now);
      if (this.now >= second) {
        second += 1_000;
        each();
      }
      this.settle();
    }
  }
}
