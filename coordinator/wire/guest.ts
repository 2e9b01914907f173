// A channel that is no member's: it may say who it wants to be and submit items that prove themselves, a few of them.
import type { NodeId } from "../../protocol/brand.ts";
import { type CoordinationMessage, encodeCoordination } from "../../protocol/coordination/frame.ts";
import { onlyGranted } from "../membership/registry.ts";
import { encodeNotice, encodeWelcome } from "./answers.ts";
import type { Hello, Link, OpenChannel } from "./link.ts";
import type { PeerPresence } from "./presence.ts";
import type { Participant } from "./roster.ts";

export class Guest implements Participant {
  readonly nid: NodeId;
  readonly instance: string;
  readonly #session: Link;
  readonly #channel: OpenChannel;
  readonly #hello: Hello;
  #submits: number;
  #items: number;
  #upgrading = false;

  constructor(session: Link, channel: OpenChannel, hello: Hello) {
    this.nid = hello.nid as NodeId;
    this.instance = hello.instance;
    this.#session = session;
    this.#channel = channel;
    this.#hello = hello;
    this.#submits = session.context.limits.guestSubmits;
    this.#items = session.context.limits.guestItems;
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
    const { counters, log } = this.#session.context;
    if (message.kind === "ping") {
      this.control(encodeCoordination("pong", message.body));
      return;
    }
    if (message.kind === "unknown") {
      counters.add("message.refused.unknown");
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
      counters.add("message.refused.quota");
      this.#session.end("TM_COORDINATION_QUOTA", "a channel that is no member's may submit a few items only");
      return;
    }
    const { registry } = this.#session.context;
    registry
      .submit(items, (nid, view) => (nid === this.nid ? onlyGranted(nid, view) : "not-yours"))
      .then((verdicts) => this.control(encodeCoordination("submitted", { id, verdicts: [...verdicts] })))
      .catch((error: unknown) => {
        log.error({ err: error, nid: this.nid }, "items could not be stored");
        this.#session.refuse("channel.closed.failure");
      });
  }
}
