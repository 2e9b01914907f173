// Names of the mesh on this host: what the control side needs of them.
import type { Ipv4Address, Ipv6Address } from "../../protocol/brand.ts";
import type { MeshView } from "../../protocol/trust/member.ts";

export interface NameService {
  /** Answers on the node's own mesh addresses and makes the host ask there. @throws Error when it cannot */
  start(own: { readonly ip4: Ipv4Address | undefined; readonly ip6: Ipv6Address }): Promise<void>;
  /** The names changed. */
  update(view: MeshView): void;
  /** Leaves the host's DNS as it was. */
  stop(): Promise<void>;
}

/** For hosts and tests that want no names. */
export function createNoNames(): NameService {
  return { start: async () => undefined, update: () => undefined, stop: async () => undefined };
}
