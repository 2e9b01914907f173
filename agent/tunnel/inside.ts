// Which addresses lead into a tunnel: sealed datagrams sent there would be sealed again, for ever or once too often for the MTU.
import { cidrContains } from "../../protocol/addresses/cidr.ts";
import { type Cidr, parseCidr } from "../../protocol/addresses/parse.ts";

export class Inside {
  readonly #mesh: readonly Cidr[];
  #routed: readonly Cidr[] = [];
  #tunnels: readonly Cidr[] = [];

  /** @param mesh CIDRs of the mesh itself */
  constructor(mesh: readonly string[]) {
    this.#mesh = mesh.map(parseCidr);
  }

  /** CIDRs behind peers that this host sends into the mesh. */
  setRouted(ranges: readonly string[]): void {
    this.#routed = ranges.map(parseCidr);
  }

  /** Ranges on the interfaces of tunnels. True when they are others than before. */
  setTunnels(ranges: readonly Cidr[]): boolean {
    const text = (all: readonly Cidr[]): string => all.map((one) => one.text).join();
    if (text(ranges) === text(this.#tunnels)) return false;
    this.#tunnels = ranges;
    return true;
  }

  /** @param address with or without a zone */
  has(address: string): boolean {
    const bare = address.replace(/%.*$/, "");
    return [this.#mesh, this.#routed, this.#tunnels].some((ranges) =>
      ranges.some((range) => cidrContains(range, bare)),
    );
  }
}
