// A channel that is no member's: it may say who it wants to be and submit items that prove themselves, a few of them.
import type { NodeId } from "../../protocol/brand.ts";
import { type CoordinationMessage, encodeCoordination } from "../../protocol/coordination/frame.ts";
import { encodeNotice, encodeWelcome } from "./answers.ts";
import { TokenBucket } from "./bucket.ts";
import { Joining } from "./joining.ts";
import type { Hello, Link, OpenChannel } from "./link.ts";
import type { PeerPresence } from "./presence.ts";
import type { Participant } from "./roster.ts";

export class Guest implements Participant {
  readonly nid: NodeId;
  readonly instance: string;
  readonly #session: Link;
  readonly #channel: OpenChannel;
  readonly #hello: Hello;
  readonly #joining: Joining;
  readonly #pings: TokenBucket;
  #asks: number;
  #submits: number;
  #items: number;
  #upgrading = false;

  constructor(session: Link, channel: OpenChannel, hello: Hello) {
    this.nid = hello.nid as NodeId;
    this.instance = hello.instance;
    this.#session = session;
    this.#channel = channel;
    this.#hello = hello;
    const { limits, now } = session.context;
    this.#joining = new Joining(session.context, channel, this.nid);
    this.#pings = new TokenBucket(limits.guestPingsPerSecond, limits.guestPingBurst, now());
    this.#asks = limits.guestAsks;
    this.#submits = limits.guestSubmits;
    this.#items = limits.guestItems;
  }

  /** A member's key is known at once; anybody else is welcomed as a guest. */
  start(): void {
    this.#session.context.roster.addGuest(this);
    if (this.#session.isMember(this.nid, this.#channel)) this.rejudge();
    else this.control(encodeWelcome(this.#session, false));
  }

  presence(): PeerPresence {
    return { nid: this.nid, online: false, endpoints: [] };
  }

  control(plaintext: Uint8Array): void {
    this.#channel.outbox.control(plaintext);
  }

  pump(): void {
    this.#channel.outbox.pump();
  }

  rejudge(): void {
    if (this.#upgrading || !this.#session.isMember(this.nid, this.#channel)) return;
    this.#upgrading = true;
    const { log } = this.#session.context;
    this.#session.becomeMember(this.#channel, this.#hello).catch((error: unknown) => {
      log.error({ err: error, nid: this.nid }, "a member could not be welcomed");
      this.#session.refuse("channel.closed.failure");
    });
  }

  receive(message: CoordinationMessage): void {
    const { counters, now } = this.#session.context;
    if (message.kind === "ping") {
      if (!this.#pings.take(1, now())) {
        counters.add("message.refused.quota");
        this.#session.end("TM_COORDINATION_QUOTA", "too many pings");
        return;
      }
      this.control(encodeCoordination("pong", message.body));
      return;
    }
    if (message.kind === "unknown") {
      counters.add("message.refused.unknown");
      return;
    }
    if (message.kind === "prove" || message.kind === "propose") {
      this.#asks -= 1;
      if (this.#asks < 0) this.#endBusy();
      else if (message.kind === "prove") this.#joining.prove(message.body);
      else this.#joining.propose(message.body).catch((error: unknown) => this.#fail(error));
      return;
    }
    if (message.kind !== "submit") {
      counters.add("message.refused.guest");
      const text = `${message.kind} is for members`;
      this.control(encodeNotice("TM_COORDINATION_NOT_MEMBER", text));
      return;
    }
    const { id, items } = message.body;
    this.#submits -= 1;
    this.#items -= items.length;
    if (this.#submits < 0 || this.#items < 0) {
      this.#endBusy();
      return;
    }
    this.#joining
      .submit(items)
      .then((verdicts) => this.control(encodeCoordination("submitted", { id, verdicts: [...verdicts] })))
      .catch((error: unknown) => this.#fail(error));
  }

  #endBusy(): void {
    this.#session.context.counters.add("message.refused.quota");
    this.#session.end("TM_COORDINATION_QUOTA", "a channel that is no member's may ask and submit a few things only");
  }

  #fail(error: unknown): void {
    this.#session.context.log.error({ err: error, nid: this.nid }, "items could not be stored");
    this.#session.refuse("channel.closed.failure");
  }
}
