// One WebSocket from accept to end: handshake, hello, then guest or member. What a channel may do follows from its state.
import { randomBytes } from "node:crypto";
import type { RawData, WebSocket } from "ws";
import type { NodeId } from "../../protocol/brand.ts";
import { acceptChannel } from "../../protocol/coordination/channel.ts";
import { decodeCoordination } from "../../protocol/coordination/frame.ts";
import { equalBytes } from "../../protocol/noise/primitives.ts";
import { encodeNotice } from "./answers.ts";
import type { WireContext } from "./context.ts";
import { Guest } from "./guest.ts";
import type { Hello, Link, OpenChannel } from "./link.ts";
import { Member } from "./member.ts";
import { Outbox } from "./outbox.ts";
import type { Participant } from "./roster.ts";

type State =
  | { readonly phase: "opening" }
  | { readonly phase: "greeting"; readonly channel: OpenChannel }
  | { readonly phase: "guest"; readonly channel: OpenChannel; readonly guest: Guest }
  | { readonly phase: "member"; readonly channel: OpenChannel; readonly member: Member }
  | { readonly phase: "closed" };

export class Session implements Link {
  readonly context: WireContext;
  readonly socket: WebSocket;
  /** Where the WebSocket came from. */
  readonly address: string;
  readonly #openedAt: number;
  readonly #settled: () => void;
  #state: State = { phase: "opening" };
  #timer: NodeJS.Timeout;
  #heardAt: number;

  /** @param settled called once the channel is a member's: it is no stranger any more */
  constructor(context: WireContext, socket: WebSocket, address: string, settled: () => void) {
    this.context = context;
    this.socket = socket;
    this.address = address;
    this.#settled = settled;
    this.#openedAt = context.now();
    this.#heardAt = this.#openedAt;
    this.#timer = setTimeout(() => this.refuse("channel.refused.timeout"), context.limits.handshakeMilliseconds);
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("ping", (data) => this.#answerPing(data));
    socket.on("pong", () => this.heard());
    socket.on("close", () => this.#closed());
    socket.on("error", () => context.counters.add("channel.refused.websocket"));
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  get openedAt(): number {
    return this.#openedAt;
  }

  heard(): void {
    this.#heardAt = this.context.now();
  }

  /** Ends the channel without a word and counts why. */
  refuse(counter: string): void {
    if (this.#state.phase === "closed") return;
    this.context.counters.add(counter);
    this.socket.terminate();
    this.#closed();
  }

  /** Tells the other side a code of the catalogue, then closes. */
  end(code: string, message: string): void {
    const { socket } = this;
    if (this.#state.phase === "closed") return;
    if (this.#state.phase !== "opening") this.#state.channel.outbox.last(encodeNotice(code, message));
    socket.close(1000);
    setTimeout(() => socket.terminate(), 2000).unref();
    this.#closed();
  }

  /** Whether this channel's key is the control key of the current member `nid`. */
  isMember(nid: NodeId, channel: OpenChannel): boolean {
    const keys = this.context.registry.view.members.get(nid)?.keys;
    return keys !== undefined && equalBytes(keys.ctl, channel.remote);
  }

  /** Makes a member of a channel that said hello. Of two instances of one node the one that was there first stays. */
  async becomeMember(channel: OpenChannel, hello: Hello): Promise<void> {
    const nid = hello.nid as NodeId;
    const { roster, counters, log, limits } = this.context;
    const older = roster.members.get(nid);
    if (older instanceof Member && older.instance !== hello.instance) {
      this.socket.pause();
      const alive = await older.session.isAlive(limits.cloneProbeMilliseconds);
      if (this.#state.phase === "closed") return;
      this.socket.resume();
      if (alive && roster.members.get(nid) === older) {
        counters.add("clone.refused");
        log.warn({ nid, address: this.address }, "a second instance of a node was refused");
        return this.end("TM_COORDINATION_CLONE", "another agent with this identity is connected");
      }
    }
    const replaced = roster.members.get(nid);
    if (replaced instanceof Member) replaced.session.refuse("channel.closed.replaced");
    if (!this.isMember(nid, channel)) return this.end("TM_COORDINATION_NOT_MEMBER", "this node is no member any more");
    this.#leaveState();
    clearTimeout(this.#timer);
    this.#settled();
    const member = new Member(this, channel, hello);
    this.#state = { phase: "member", channel, member };
    log.info({ nid, address: this.address, release: hello.release }, "member connected");
    member.start();
  }

  /** Whether anything comes from the other side within `milliseconds`. */
  isAlive(milliseconds: number): Promise<boolean> {
    const before = this.#heardAt;
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.resolve(false);
    return new Promise((resolve) => {
      const answer = (): void => {
        clearTimeout(timer);
        socket.off("pong", answer);
        socket.off("close", answer);
        resolve(socket.readyState === socket.OPEN && this.#heardAt > before);
      };
      const timer = setTimeout(answer, milliseconds);
      socket.on("pong", answer);
      socket.on("close", answer);
      socket.ping();
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.heard();
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.refuse("channel.refused.text");
      return;
    }
    const state = this.#state;
    if (state.phase === "closed") return;
    if (state.phase === "opening") {
      this.#open(data);
      return;
    }
    const plaintext = state.channel.transport.open(data);
    if (plaintext === undefined) {
      this.refuse("channel.refused.seal");
      return;
    }
    const decoded = decodeCoordination(plaintext);
    if (!decoded.ok) {
      this.refuse(`message.refused.${decoded.reason}`);
      return;
    }
    const { message } = decoded;
    if (state.phase === "member") {
      state.member.receive(message);
      return;
    }
    if (state.phase === "guest") {
      state.guest.receive(message);
      return;
    }
    if (message.kind !== "hello") {
      this.refuse("message.refused.early");
      return;
    }
    this.#greet(state.channel, message.body);
  }

  #open(message: Buffer): void {
    const { key, meshId, counters, limits } = this.context;
    const accepted = acceptChannel({ local: key, meshId, message, ephemeral: randomBytes(32) });
    if (!accepted.ok) {
      this.refuse(`channel.refused.${accepted.reason}`);
      return;
    }
    const { transport, remoteStatic } = accepted;
    const outbox = new Outbox(this.socket, transport, limits, counters);
    this.#state = { phase: "greeting", channel: { transport, remote: remoteStatic, outbox } };
    this.socket.send(accepted.reply, { binary: true });
  }

  #greet(channel: OpenChannel, hello: Hello): void {
    clearTimeout(this.#timer);
    const guest = new Guest(this, channel, hello);
    this.#state = { phase: "guest", channel, guest };
    const lifetime = (): void => this.end("TM_COORDINATION_NOT_MEMBER", "this node has not become a member in time");
    this.#timer = setTimeout(lifetime, this.context.limits.guestMilliseconds);
    guest.start();
  }

  #answerPing(data: Buffer): void {
    this.heard();
    // Pongs that nobody reads would pile up: they are left out until the socket has drained.
    if (this.socket.bufferedAmount < this.context.limits.highWater) this.socket.pong(data);
  }

  #closed(): void {
    if (this.#state.phase === "closed") return;
    clearTimeout(this.#timer);
    this.#leaveState();
    if (this.#state.phase !== "opening") {
      // A notice that is still to be sent was sealed and handed to the socket already.
      this.#state.channel.outbox.clear();
      this.#state.channel.transport.close();
    }
    this.#state = { phase: "closed" };
  }

  #leaveState(): void {
    const { roster, log } = this.context;
    if (this.#state.phase === "guest") roster.removeGuest(this.#state.guest);
    if (this.#state.phase === "member") {
      const { member } = this.#state;
      roster.removeMember(member satisfies Participant);
      log.info({ nid: member.nid }, "member left");
    }
  }
}
