// Puts the reports of several threads in order: a session's timers depend on whether it sent or received last.
import type { NodeId } from "../../../protocol/brand.ts";
import type { FromPlane } from "./messages.ts";

type Sent = Extract<FromPlane, { readonly kind: "sent" }>;
type Received = Extract<FromPlane, { readonly kind: "received" }>;

interface Last {
  sent: Sent | undefined;
  received: Received | undefined;
}

export class TrafficOrder {
  readonly #last = new Map<NodeId, Last>();

  /** Notes what a thread sent. What is to be told again after it: something that was received later, and told before. */
  noteSent(report: Sent): Received | undefined {
    const last = this.#of(report.peer);
    if (last.sent === undefined || last.sent.at <= report.at) last.sent = report;
    return last.received !== undefined && last.received.at > last.sent.at ? last.received : undefined;
  }

  /** The same for what was received. */
  noteReceived(report: Received): Sent | undefined {
    const last = this.#of(report.peer);
    if (last.received === undefined || last.received.at <= report.at) last.received = report;
    return last.sent !== undefined && last.sent.at > last.received.at ? last.sent : undefined;
  }

  /** Forgets all other peers. */
  keep(peers: ReadonlySet<NodeId>): void {
    for (const peer of this.#last.keys()) if (!peers.has(peer)) this.#last.delete(peer);
  }

  #of(peer: NodeId): Last {
    const known = this.#last.get(peer);
    if (known !== undefined) return known;
    const last: Last = { sent: undefined, received: undefined };
    this.#last.set(peer, last);
    return last;
  }
}
