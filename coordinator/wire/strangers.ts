// Connections that nobody vouches for yet: bounded per address and altogether, each with a deadline for its first step.
import type { Socket } from "node:net";
import { AddressBuckets, addressGroup } from "./bucket.ts";
import type { WireContext } from "./context.ts";

/** Counts connections that have not shown a member's key. */
export class Strangers {
  readonly #context: WireContext;
  readonly #buckets: AddressBuckets;
  readonly #groups = new Map<string, number>();
  readonly #deadlines = new Map<Socket, NodeJS.Timeout | undefined>();
  readonly #all = new Set<Socket>();

  constructor(context: WireContext) {
    const { connectionsPerSecond, connectionBurst } = context.limits;
    this.#context = context;
    this.#buckets = new AddressBuckets(connectionsPerSecond, connectionBurst);
  }

  admit(socket: Socket): void {
    const { counters, limits, now } = this.#context;
    const address = socket.remoteAddress;
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const group = addressGroup(address);
    const count = this.#groups.get(group) ?? 0;
    const full = count >= limits.strangersPerAddress || this.#deadlines.size >= limits.strangers;
    if (full || !this.#buckets.take(address, now())) {
      counters.add(full ? "connection.refused.strangers" : "connection.refused.rate");
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    this.#all.add(socket);
    this.#groups.set(group, count + 1);
    const cut = (): void => {
      counters.add("connection.refused.timeout");
      socket.destroy();
    };
    this.#deadlines.set(socket, setTimeout(cut, limits.handshakeMilliseconds));
    socket.on("error", () => counters.add("connection.closed.error"));
    socket.on("close", () => {
      this.#all.delete(socket);
      this.#forget(socket, group);
    });
  }

  /** The upgrade is done: from here the session keeps the time. */
  keep(socket: Socket): void {
    clearTimeout(this.#deadlines.get(socket));
    if (this.#deadlines.has(socket)) this.#deadlines.set(socket, undefined);
  }

  /** It is a member's: it counts as a stranger no more. */
  settle(socket: Socket): void {
    this.#forget(socket, addressGroup(socket.remoteAddress ?? ""));
  }

  destroyAll(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #forget(socket: Socket, group: string): void {
    clearTimeout(this.#deadlines.get(socket));
    if (!this.#deadlines.delete(socket)) return;
    const left = (this.#groups.get(group) ?? 1) - 1;
    if (left > 0) this.#groups.set(group, left);
    else this.#groups.delete(group);
  }
}
