// Address ranges of a stack: valid, canonical, and apart from each other.
import ipaddr from "ipaddr.js";

/** A parsed CIDR whose host bits are zero. */
export interface Range {
  readonly text: string;
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly bits: number;
}

/** Parses a CIDR, or says in one sentence why it is none. */
export function parseRange(cidr: string): Range | string {
  const [network, prefix] = cidr.split("/");
  if (network === undefined || prefix === undefined || !/^\d{1,3}$/.test(prefix) || !ipaddr.isValidCIDR(cidr)) {
    return 'it is not an address range like "10.20.0.0/16"';
  }
  if (!network.includes(":") && !ipaddr.IPv4.isValidFourPartDecimal(network)) return "it is not four numbers with dots";
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const first =
    address.kind() === "ipv4" ? ipaddr.IPv4.networkAddressFromCIDR(cidr) : ipaddr.IPv6.networkAddressFromCIDR(cidr);
  if (first.toString() !== address.toString()) return `it has host bits set: write ${first.toString()}/${bits}`;
  return { text: `${address.toString()}/${bits}`, address, bits };
}

/** Whether two ranges share an address. */
export function rangesOverlap(one: Range, other: Range): boolean {
  if (one.address.kind() !== other.address.kind()) return false;
  const bits = Math.min(one.bits, other.bits);
  return (one.address as ipaddr.IPv4).match(other.address as ipaddr.IPv4, bits);
}

/** The mesh's own range, or why it cannot be that: private IPv4 of /8 to /29 with room for `members`. */
export function parseMeshRange(cidr: string, members: number, local: boolean): Range | string {
  const range = parseRange(cidr);
  if (typeof range === "string") return range;
  if (range.address.kind() !== "ipv4") return "the mesh's range is IPv4; IPv6 addresses come from its id";
  if (range.bits < 8 || range.bits > 29) return "its prefix must be between /8 and /29";
  const kind = range.address.range();
  const benchmarking = parseRange("198.18.0.0/15") as Range;
  if (rangesOverlap(range, benchmarking)) {
    if (local) return "it overlaps 198.18.0.0/15, where local hosts live";
  } else if (!(kind === "private" || kind === "carrierGradeNat")) {
    return `these addresses are ${kind === "unicast" ? "public" : kind}: use 100.64.0.0/10, 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16`;
  }
  const room = 2 ** (32 - range.bits) - 2;
  return members > room ? `it has room for ${room} members, and there are ${members}` : range;
}

/** Whether `host` is a literal IPv4 address inside `range`. */
export function rangeHolds(range: Range, host: string): boolean {
  if (!ipaddr.IPv4.isValidFourPartDecimal(host)) return false;
  return ipaddr.IPv4.parse(host).match(range.address as ipaddr.IPv4, range.bits);
}
