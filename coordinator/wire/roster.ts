// Who is connected: members by node, guests by the node they claim to be, and the presence that members are told.
import type { NodeId } from "../../protocol/brand.ts";
import type { MapChange } from "../membership/registry.ts";
import { TokenBucket } from "./bucket.ts";
import { encodePresence, type PeerPresence } from "./presence.ts";

/** What the roster needs of a channel. */
export interface Participant {
  readonly nid: NodeId;
  readonly instance: string;
  presence(): PeerPresence;
  control(plaintext: Uint8Array): void;
  /** Sends what the map has that this member has not. */
  pump(): void;
  /** The map changed what this channel may be. */
  rejudge(): void;
}

/** How often everybody hears of one node's presence, and how often in a row. */
const tellsPerSecond = 0.5;
const tellBurst = 5;

export class Roster {
  readonly #members = new Map<NodeId, Participant>();
  readonly #guests = new Map<NodeId, Set<Participant>>();
  readonly #changed = new Set<NodeId>();
  readonly #delay: number;
  readonly #now: () => number;
  readonly #pace = new Map<NodeId, TokenBucket>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param delay how long changes of presence are gathered, in milliseconds
   * @param now milliseconds of a monotonic clock
   */
  constructor(delay: number, now: () => number) {
    this.#delay = delay;
    this.#now = now;
  }

  get members(): ReadonlyMap<NodeId, Participant> {
    return this.#members;
  }

  addGuest(guest: Participant): void {
    const same = this.#guests.get(guest.nid) ?? new Set();
    this.#guests.set(guest.nid, same.add(guest));
  }

  removeGuest(guest: Participant): void {
    const same = this.#guests.get(guest.nid);
    same?.delete(guest);
    if (same?.size === 0) this.#guests.delete(guest.nid);
  }

  /** Tells the newcomer who is there, and everybody about it. */
  addMember(member: Participant): void {
    const others = [...this.#members.values()].filter((other) => other.nid !== member.nid);
    this.#members.set(member.nid, member);
    const snapshot = encodePresence(
      others.map((other) => other.presence()),
      true,
    );
    for (const message of snapshot) member.control(message);
    this.announce(member.nid);
  }

  removeMember(member: Participant): void {
    if (this.#members.get(member.nid) !== member) return;
    this.#members.delete(member.nid);
    this.announce(member.nid);
  }

  /** The presence of `nid` has changed; everybody hears of it soon. */
  announce(nid: NodeId): void {
    this.#changed.add(nid);
    this.#timer ??= setTimeout(() => this.#flush(), this.#delay);
  }

  /** The map has changed: members get it, and channels whose standing it touches are judged anew. */
  mapChanged({ touched }: MapChange): void {
    const nids = touched === "all" ? [...this.#members.keys(), ...this.#guests.keys()] : [...touched];
    for (const nid of new Set(nids)) {
      for (const guest of [...(this.#guests.get(nid) ?? [])]) guest.rejudge();
      this.#members.get(nid)?.rejudge();
    }
    for (const member of this.#members.values()) member.pump();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#changed.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    // Everybody works on each change: whoever changes all the time is heard of less often, with what is true by then.
    const due = [...this.#changed].filter((nid) => this.#mayTell(nid));
    for (const nid of due) this.#changed.delete(nid);
    if (this.#changed.size > 0) this.#timer = setTimeout(() => this.#flush(), Math.max(this.#delay, 250));
    if (due.length === 0) return;
    const peers = due.map((nid) => this.#members.get(nid)?.presence() ?? { nid, online: false, endpoints: [] });
    const messages = encodePresence(peers, false);
    for (const member of this.#members.values()) for (const message of messages) member.control(message);
  }

  #mayTell(nid: NodeId): boolean {
    const now = this.#now();
    if (this.#pace.size > 2 * this.#members.size + 64) this.#pace.clear();
    const bucket = this.#pace.get(nid) ?? new TokenBucket(tellsPerSecond, tellBurst, now);
    this.#pace.set(nid, bucket);
    return bucket.take(1, now);
  }
}
