// Which thread receives from which peer: as many peers on each.
import type { NodeId } from "../../../protocol/brand.ts";

export class Homes {
  readonly #threads: number;
  readonly #homes = new Map<NodeId, number>();

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** The thread of a peer; chosen when it is first asked for. */
  of(peer: NodeId): number {
    const known = this.#homes.get(peer);
    if (known !== undefined) return known;
    const peers = Array.from({ length: this.#threads }, () => 0);
    for (const thread of this.#homes.values()) peers[thread]! += 1;
    // Of those with the fewest the last: thread 0 has the handshakes too.
    const home = peers.lastIndexOf(Math.min(...peers));
    this.#homes.set(peer, home);
    return home;
  }

  /** Forgets all other peers. */
  keep(peers: ReadonlySet<NodeId>): void {
    for (const peer of this.#homes.keys()) if (!peers.has(peer)) this.#homes.delete(peer);
  }
}
