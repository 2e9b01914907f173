// A member's channel: gets the map and presence, may submit, say where it is reached, and have datagrams relayed.
import { isDeepStrictEqual } from "node:util";
import type { NodeId } from "../../protocol/brand.ts";
import { type CoordinationMessage, encodeCoordination, type RelayBody } from "../../protocol/coordination/frame.ts";
import type { Endpoint } from "../../protocol/coordination/messages.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import { encodeWelcome } from "./answers.ts";
import { TokenBucket } from "./bucket.ts";
import type { Hello, Link, OpenChannel } from "./link.ts";
import { MapFeed } from "./map-feed.ts";
import { type PeerPresence, withObserved } from "./presence.ts";
import type { Participant } from "./roster.ts";

/** Submits of one member that wait for the disk at once. */
const pendingLimit = 16;

/** What a frame costs beside its datagram: kind byte, node id, the channel's tag, WebSocket and TCP/IP headers. */
const relayOverhead = 1 + 32 + 16 + 8 + 40;

export class Member implements Participant {
  readonly nid: NodeId;
  readonly instance: string;
  readonly session: Link;
  readonly #channel: OpenChannel;
  readonly #messages: TokenBucket;
  readonly #relay: TokenBucket;
  readonly #feed: MapFeed;
  #endpoints: readonly Endpoint[] = [];
  #pending = 0;

  constructor(session: Link, channel: OpenChannel, hello: Hello) {
    const { limits, now, registry } = session.context;
    this.nid = hello.nid as NodeId;
    this.instance = hello.instance;
    this.session = session;
    this.#channel = channel;
    this.#messages = new TokenBucket(limits.messagesPerSecond, limits.messageBurst, now());
    const bytesPerSecond = limits.relayBitsPerSecond / 8;
    this.#relay = new TokenBucket(bytesPerSecond, Math.max(bytesPerSecond / 4, 65_536), now());
    this.#feed = new MapFeed(registry, hello.store === registry.store.id ? hello.mapVersion : 0);
  }

  /** Welcome, the map, who is there; in this order. */
  start(): void {
    this.control(encodeWelcome(this.session, true));
    this.#channel.outbox.follow(() => this.#feed.next());
    this.session.context.roster.addMember(this);
  }

  presence(): PeerPresence {
    return { nid: this.nid, online: true, endpoints: withObserved(this.#endpoints, this.session.address) };
  }

  control(plaintext: Uint8Array): void {
    this.#channel.outbox.control(plaintext);
  }

  pump(): void {
    this.#channel.outbox.pump();
  }

  /** Takes a datagram for this member. */
  deliver(from: NodeId, datagram: Uint8Array): void {
    this.#channel.outbox.relay(encodeCoordination("relayed", { nid: from, datagram }));
  }

  rejudge(): void {
    if (this.session.isMember(this.nid, this.#channel)) return;
    const { registry, counters, log } = this.session.context;
    if (registry.view.members.has(this.nid)) {
      counters.add("channel.closed.keys");
      this.session.end("TM_COORDINATION_KEYS_CHANGED", "this node has signed another control key");
      return;
    }
    counters.add("channel.closed.revoked");
    log.info({ nid: this.nid }, "a channel was closed: its node is no member any more");
    this.session.end("TM_COORDINATION_NOT_MEMBER", "this node is no member any more");
  }

  receive(message: CoordinationMessage): void {
    const { counters, roster, now } = this.session.context;
    if (message.kind === "relay") {
      this.#forward(message.body);
      return;
    }
    if (!this.#messages.take(1, now())) {
      counters.add("message.refused.quota");
      this.session.end("TM_COORDINATION_QUOTA", "too many messages");
      return;
    }
    switch (message.kind) {
      case "ping":
        this.control(encodeCoordination("pong", message.body));
        return;
      case "endpoints":
        if (isDeepStrictEqual(message.body.endpoints, this.#endpoints)) return;
        this.#endpoints = message.body.endpoints;
        roster.announce(this.nid);
        return;
      case "submit":
        this.#submit(message.body.id, message.body.items);
        return;
      case "unknown":
        counters.add("message.refused.unknown");
        return;
      default:
        counters.add("message.refused.direction");
        return;
    }
  }

  #forward({ nid, datagram }: RelayBody): void {
    const { counters, registry, roster, now } = this.session.context;
    if (nid === this.nid) {
      counters.add("relay.refused.self");
      return;
    }
    if (!this.#relay.take(datagram.length + relayOverhead, now())) {
      counters.add("relay.refused.quota");
      return;
    }
    if (!registry.view.members.has(nid)) {
      counters.add("relay.refused.stranger");
      return;
    }
    const receiver = roster.members.get(nid);
    if (!(receiver instanceof Member)) {
      counters.add("relay.refused.offline");
      return;
    }
    counters.add("relay.frames");
    counters.add("relay.bytes", datagram.length);
    receiver.deliver(this.nid, datagram);
  }

  #submit(id: number, items: readonly SignedItem[]): void {
    const { registry, keyQuota, counters, log } = this.session.context;
    if (this.#pending >= pendingLimit) {
      counters.add("message.refused.quota");
      this.session.end("TM_COORDINATION_QUOTA", "too many items at once");
      return;
    }
    this.#pending += 1;
    registry
      .submit(items, keyQuota.ruleOf(this.nid))
      .then((verdicts) => this.control(encodeCoordination("submitted", { id, verdicts: [...verdicts] })))
      .catch((error: unknown) => {
        log.error({ err: error, nid: this.nid }, "items could not be stored");
        this.session.refuse("channel.closed.failure");
      })
      .finally(() => {
        this.#pending -= 1;
      });
  }
}
