// The names of a mesh as its verified view has them: the only source of answers.
import ipaddr from "ipaddr.js";
import { meshUla } from "../../protocol/addresses/ula.ts";
import type { Ipv4Address, Ipv6Address } from "../../protocol/brand.ts";
import type { MeshView } from "../../protocol/trust/member.ts";

export interface ZoneEntry {
  readonly ip4: Ipv4Address | undefined;
  readonly ip6: Ipv6Address;
}

export interface Zone {
  /** "mesh" */
  readonly domain: string;
  /** By lower-case name without the domain. */
  readonly names: ReadonlyMap<string, ZoneEntry>;
  /** Full name by address. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Ranges whose reverse names are answered here. */
  readonly ranges: readonly string[];
}

/** Every member's name, this node's own among them. */
export function zoneOf(view: MeshView): Zone {
  const names = new Map<string, ZoneEntry>();
  const addresses = new Map<string, string>();
  for (const { name, ip4, ip6 } of view.members.values()) {
    names.set(name, { ip4, ip6 });
    const full = `${name}.${view.domain}`;
    if (ip4 !== undefined) addresses.set(ip4, full);
    addresses.set(ip6, full);
  }
  return { domain: view.domain, names, addresses, ranges: [view.range, meshUla(view.meshId)] };
}

/** The address that a reverse name asks for (RFC 1035 §3.5, RFC 3596 §2.5); undefined for any other name. */
export function addressOfPointer(name: string): string | undefined {
  const four = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)?.[1];
  if (four !== undefined) {
    const address = four.split(".").slice(0, 4).toReversed().join(".");
    return ipaddr.IPv4.isValidFourPartDecimal(address) ? address : undefined;
  }
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (six === undefined) return undefined;
  const digits = six.replaceAll(".", "").split("").toReversed().join("");
  return new ipaddr.IPv6([...Buffer.from(digits, "hex")]).toRFC5952String();
}
