// Keeps a channel to one of the mesh's coordinators: connects, says hello, sends what this node has, hands on what comes.
import { randomBytes } from "node:crypto";
import type { MeshId, NodeId } from "../../protocol/brand.ts";
import type { CoordinationBodies, CoordinationMessage } from "../../protocol/coordination/frame.ts";
import type { Endpoint } from "../../protocol/coordination/messages.ts";
import type { KeyPair } from "../../protocol/noise/primitives.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import type { Log } from "../system/log.ts";
import { backoffDelay } from "./backoff.ts";
import { Channel } from "./channel.ts";

/** A ping is sent so often; two unanswered ones end the channel. */
const pingInterval = 20_000;
/** How long a node that is no member yet waits after its keys were judged, before it asks on a new channel. */
const memberRetry = 2_000;
/** Failures that count while this node is no member: a grant that has just been signed is found soon. */
const strangerFailures = 2;
/** Messages, and their bytes, that wait for items to be verified and written before the socket is read on. */
const waitingLimit = 64;
const waitingBytesLimit = 1024 * 1024;

export interface LinkOptions {
  readonly nid: NodeId;
  readonly meshId: MeshId;
  readonly ctl: KeyPair;
  readonly release: string;
  readonly log: Log;
  /** From the verified view, asked before each connection. */
  readonly coordinator: () => { readonly key: Uint8Array; readonly urls: readonly string[] } | undefined;
  readonly head: () => { readonly seq: number; readonly hash: string };
  readonly ownKeys: () => SignedItem | undefined;
  /** Verifies and keeps items; nothing that comes from here is believed otherwise. */
  readonly onItems: (items: readonly SignedItem[]) => Promise<void>;
  readonly onPresence: (presence: CoordinationBodies["presence"]) => void;
  readonly onRelayed: (from: NodeId, datagram: Uint8Array) => void;
  readonly onRelayChanged: (available: boolean) => void;
  readonly onNotice: (code: string, message: string) => void;
}

export type LinkStatus =
  | { readonly state: "connected"; readonly url: string }
  | { readonly state: "connecting"; readonly url?: string; readonly error?: string };

export class CoordinatorLink {
  readonly #options: LinkOptions;
  readonly #instance = randomBytes(16).toString("hex");
  readonly counters = { connects: 0, failures: 0, unknownMessages: 0, relayDropped: 0, relaySent: 0, relayReceived: 0 };
  #channel: Channel | undefined;
  #member = false;
  #status: LinkStatus = { state: "connecting" };
  #failures = 0;
  #nextUrl = 0;
  #timer: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #pingId = 0;
  #endpoints: readonly Endpoint[] = [];
  #map = { store: "", version: 0 };
  #applying: Promise<void> = Promise.resolve();
  #waiting = 0;
  #waitingBytes = 0;
  #stopped = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get status(): LinkStatus {
    return this.#status;
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#channel?.close("the agent stops");
  }

  /** The coordinator's key or address in the view changed, or this node's keys did: connect anew, at once. */
  renew(reason: string): void {
    this.#failures = 0;
    if (this.#channel !== undefined) this.#channel.close(reason);
    else this.#schedule(0);
  }

  setEndpoints(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints.slice(0, 32);
    if (this.#member) this.#channel?.send("endpoints", { endpoints: [...this.#endpoints] });
  }

  /** Sends this node's keys again, after they were signed anew. */
  submitKeys(): void {
    const own = this.#options.ownKeys();
    if (own !== undefined && this.#member) this.#channel?.send("submit", { id: 0, items: [own] });
  }

  relay(to: NodeId, datagram: Uint8Array): boolean {
    if (!this.#member || this.#channel === undefined) return false;
    const sent = this.#channel.relay(to, datagram);
    if (sent) this.counters.relaySent += 1;
    return sent;
  }

  #connect(): void {
    if (this.#stopped || this.#channel !== undefined) return;
    const coordinator = this.#options.coordinator();
    if (coordinator === undefined) {
      this.#status = { state: "connecting", error: "the map names no coordinator" };
      this.#schedule(backoffDelay(this.#failures++, Math.random()));
      return;
    }
    const url = coordinator.urls[this.#nextUrl++ % coordinator.urls.length]!;
    this.#status = { ...this.#status, state: "connecting", url };
    try {
      this.#channel = this.#openChannel(url, coordinator.key);
    } catch (error) {
      // The library throws on an address that does not parse: an admin's mistake must not end every agent.
      this.#closed(url, error instanceof Error ? error.message : String(error));
    }
  }

  #openChannel(url: string, coordinatorKey: Uint8Array): Channel {
    const { meshId, ctl, log } = this.#options;
    return new Channel({
      url,
      local: ctl,
      coordinatorKey,
      meshId,
      onOpen: () => this.#hello(),
      onMessage: (message, bytes) => this.#receive(url, message, bytes),
      onClose: (reason) => {
        log(this.#member ? "warn" : "info", "no connection to the coordinator", { url, reason });
        this.#closed(url, reason);
      },
    });
  }

  #closed(url: string, reason: string): void {
    this.counters.relayDropped += this.#channel?.dropped ?? 0;
    this.#channel = undefined;
    clearInterval(this.#watchdog);
    const wasMember = this.#member;
    this.#member = false;
    this.#status = { state: "connecting", url, error: reason };
    this.counters.failures += 1;
    if (wasMember) this.#options.onRelayChanged(false);
    this.#schedule(backoffDelay(this.#failures++, Math.random()));
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#connect(), delay);
  }

  #hello(): void {
    const { nid, release, head } = this.#options;
    const { seq, hash } = head();
    this.#channel?.send("hello", {
      v: 1,
      nid,
      instance: this.#instance,
      release: release.slice(0, 64),
      head: { seq, hash },
      mapVersion: this.#map.version,
      store: this.#map.store,
    });
    this.#unanswered = 0;
    this.#watchdog = setInterval(() => this.#ping(), pingInterval);
  }

  #ping(): void {
    if (this.#unanswered >= 2) {
      this.#channel?.close("the coordinator does not answer pings");
      return;
    }
    this.#unanswered += 1;
    this.#channel?.send("ping", { id: this.#pingId++ });
  }

  #receive(url: string, message: CoordinationMessage, bytes: number): void {
    this.#unanswered = 0;
    switch (message.kind) {
      case "welcome":
        this.#welcome(url, message.body);
        return;
      case "items":
        this.#inOrder(bytes, () => this.#items(message.body));
        return;
      case "presence":
        this.#inOrder(bytes, () => this.#options.onPresence(message.body));
        return;
      case "relayed":
        this.counters.relayReceived += 1;
        this.#options.onRelayed(message.body.nid, message.body.datagram);
        return;
      case "submitted":
        this.#submitted(message.body);
        return;
      case "notice":
        this.#options.onNotice(message.body.code, message.body.message);
        return;
      case "ping":
        this.#channel?.send("pong", message.body);
        return;
      case "pong":
        return;
      default:
        // Messages that only go to a coordinator, and kinds of a later release.
        this.counters.unknownMessages += 1;
    }
  }

  #welcome(url: string, { member, store }: CoordinationBodies["welcome"]): void {
    if (store !== this.#map.store) this.#map = { store, version: 0 };
    this.counters.connects += 1;
    const own = this.#options.ownKeys();
    if (own !== undefined) this.#channel?.send("submit", { id: 0, items: [own] });
    if (!member || this.#member) return;
    this.#member = true;
    this.#failures = 0;
    this.#status = { state: "connected", url };
    this.#options.log("info", "connected to the coordinator", { url });
    this.#channel?.send("endpoints", { endpoints: [...this.#endpoints] });
    this.#options.onRelayChanged(true);
  }

  /** The version counts only when the whole delta is applied and on disk. */
  async #items({ items, mapVersion, last }: CoordinationBodies["items"]): Promise<void> {
    const { store } = this.#map;
    try {
      await this.#options.onItems(items);
      if (last && this.#map.store === store) this.#map = { store, version: mapVersion };
    } catch (error) {
      this.#options.log("error", "items could not be kept", { cause: String(error) });
      this.#map = { store, version: 0 };
    }
  }

  /** Items and presence are taken in the order in which they came: presence is about members of the items before it. */
  #inOrder(bytes: number, work: () => Promise<void> | void): void {
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    const channel = this.#channel;
    const full = (): boolean => this.#waiting >= waitingLimit || this.#waitingBytes >= waitingBytesLimit;
    if (full()) channel?.pause();
    this.#applying = this.#applying.then(work).finally(() => {
      this.#waiting -= 1;
      this.#waitingBytes -= bytes;
      // Work that goes on is a sign of life too: what was not read cannot have been a pong.
      this.#unanswered = 0;
      if (!full()) channel?.resume();
    });
  }

  #submitted({ verdicts }: CoordinationBodies["submitted"]): void {
    const refused = verdicts.find(({ accepted }) => !accepted);
    if (refused !== undefined) {
      this.#options.log("warn", "the coordinator refused this node's keys", { reason: refused.reason });
    }
    const channel = this.#channel;
    if (this.#member || channel === undefined) return;
    // As a member a channel counts from its start: ask again, now that the keys are there.
    setTimeout(() => {
      if (this.#member || this.#channel !== channel) return;
      this.#failures = Math.min(this.#failures, strangerFailures);
      channel.close("not a member yet");
    }, memberRetry);
  }
}

/** Which coordinator a view names, to tell whether it is another one. */
export function coordinatorText({ coordinator }: Pick<MeshView, "coordinator">): string {
  return coordinator === undefined
    ? ""
    : `${Buffer.from(coordinator.key).toString("hex")} ${coordinator.urls.join(" ")}`;
}
