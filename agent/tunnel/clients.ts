// Where stock clients are: of several gateways the one that heard a client last carries its packets, for every node (docs/clients.md).
import type { NodeId } from "../../protocol/brand.ts";
import type { HeardClient } from "../../protocol/ctl/clients.ts";
import type { TunnelClient } from "../tunnel.ts";

interface Entry {
  readonly client: TunnelClient;
  /** When each gateway heard it last, on this node's clock; -Infinity: the gateway says that it has not. */
  readonly heard: Map<NodeId, number>;
}

export class ClientTable {
  readonly #own: NodeId;
  #entries = new Map<NodeId, Entry>();

  constructor(own: NodeId) {
    this.#own = own;
  }

  /** Takes the whole list; what is known of clients that stay stays. */
  set(clients: readonly TunnelClient[]): void {
    const before = this.#entries;
    this.#entries = new Map(
      clients.map((client) => {
        const heard = new Map([...(before.get(client.nid)?.heard ?? [])].filter(([nid]) => client.via.includes(nid)));
        return [client.nid, { client, heard }];
      }),
    );
  }

  /** A gateway heard a client at `at`. True when packets now go another way. */
  note(client: NodeId, gateway: NodeId, at: number): boolean {
    const entry = this.#entries.get(client);
    // Only its grant says who may carry for a client.
    if (entry === undefined || !entry.client.via.includes(gateway)) return false;
    const before = servingGateway(entry);
    entry.heard.set(gateway, at);
    return servingGateway(entry) !== before;
  }

  /** Addresses by the gateway that carries for them now. `present` says who can be sent to at all; this node itself can. */
  addresses(present: (gateway: NodeId) => boolean): ReadonlyMap<NodeId, readonly string[]> {
    const addresses = new Map<NodeId, string[]>();
    for (const entry of this.#entries.values()) {
      const gateway = servingGateway(entry, (nid) => nid === this.#own || present(nid));
      if (gateway === undefined) continue;
      // Its own client is a peer; another gateway's addresses go with that gateway's.
      const peer = gateway === this.#own ? entry.client.nid : gateway;
      addresses.set(peer, [...(addresses.get(peer) ?? []), ...entry.client.addresses]);
    }
    return addresses;
  }

  /** Says whether a node and this one are gateways of one client. */
  shares(gateway: NodeId): boolean {
    const all = [...this.#entries.values()];
    return all.some(({ client: { via } }) => via.includes(gateway) && via.includes(this.#own));
  }

  /** What the others are to know: the clients of this gateway that have others too. @param now as `note` */
  told(now: number): HeardClient[] {
    const shared = [...this.#entries.values()].filter(
      ({ client: { via } }) => via.length > 1 && via.includes(this.#own),
    );
    return shared.map(({ client: { nid }, heard }) => {
      const at = heard.get(this.#own);
      return { nid, ago: at === undefined ? undefined : (now - at) / 1000 };
    });
  }
}

/** Whoever heard it last; while nobody has, the first of the grant that has not denied it, else the first at all. */
function servingGateway(
  { client, heard }: Entry,
  usable: (gateway: NodeId) => boolean = () => true,
): NodeId | undefined {
  const gateways = client.via.filter(usable);
  let best: NodeId | undefined;
  for (const nid of gateways) {
    const at = heard.get(nid) ?? Number.NEGATIVE_INFINITY;
    if (Number.isFinite(at) && (best === undefined || at > heard.get(best)!)) best = nid;
  }
  return best ?? gateways.find((nid) => !heard.has(nid)) ?? gateways[0];
}
