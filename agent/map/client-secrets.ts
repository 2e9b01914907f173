// Secrets of the stock clients that this node is a gateway of: opened from their grants, kept in memory alone (life.md §3).
import type { MeshId, NodeId, X25519PrivateKey } from "../../protocol/brand.ts";
import { openClientSecret } from "../../protocol/trust/client-secret.ts";
import type { MeshView } from "../../protocol/trust/member.ts";

interface Opened {
  readonly sealed: string;
  /** 32 bytes; undefined: it was sealed to a control key that this node has no more. */
  readonly secret: Uint8Array | undefined;
}

export class ClientSecrets {
  readonly #own: { readonly nid: NodeId; readonly ctl: X25519PrivateKey };
  #opened = new Map<NodeId, Opened>();

  constructor(own: { readonly nid: NodeId; readonly ctl: X25519PrivateKey }) {
    this.#own = own;
  }

  get(client: NodeId): Uint8Array | undefined {
    return this.#opened.get(client)?.secret;
  }

  /** Brings them in line with the map, each sealed text opened once. @returns names of clients whose secret does not open here */
  async follow({ meshId, members }: Pick<MeshView, "meshId" | "members">): Promise<readonly string[]> {
    const before = this.#opened;
    const opened = new Map<NodeId, Opened>();
    const closed: string[] = [];
    for (const { nid, name, client } of members.values()) {
      const sealed = client?.wraps.get(this.#own.nid);
      if (sealed === undefined) continue;
      const known = before.get(nid);
      const one = known?.sealed === sealed ? known : { sealed, secret: await this.#open(meshId, nid, sealed) };
      opened.set(nid, one);
      if (one.secret === undefined) closed.push(name);
    }
    for (const [nid, { secret }] of before) if (opened.get(nid)?.secret !== secret) secret?.fill(0);
    this.#opened = opened;
    return closed;
  }

  #open(meshId: MeshId, client: NodeId, sealed: string): Promise<Uint8Array | undefined> {
    return openClientSecret(this.#own.ctl, meshId, client, sealed);
  }
}
