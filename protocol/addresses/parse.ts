// Parses addresses and address ranges from text, strictly, into one canonical form.
import ipaddr from "ipaddr.js";
import type { Ipv4Address, Ipv6Address } from "../brand.ts";

/** A range of addresses; `first` and `last` are the addresses as unsigned numbers. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
  /** Canonical text: "10.0.0.0/8", "fd00::/8". */
  readonly text: string;
}

/**
 * Parses a dotted IPv4 address of four decimal numbers without leading zeros.
 * @throws RangeError when the text is anything else
 */
export function parseIpv4(text: string): Ipv4Address {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text) || !ipaddr.IPv4.isValid(text)) {
    throw new RangeError("not an IPv4 address");
  }
  return text as Ipv4Address;
}

/**
 * Parses an IPv6 address without a zone and gives it in RFC 5952 form.
 * @throws RangeError when the text is anything else
 */
export function parseIpv6(text: string): Ipv6Address {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text) || !ipaddr.IPv6.isValid(text)) {
    throw new RangeError("not an IPv6 address");
  }
  return ipaddr.IPv6.parse(text).toRFC5952String() as Ipv6Address;
}

/**
 * Parses "ADDRESS/PREFIX" of either family. Bits behind the prefix must be zero.
 * @throws RangeError when the text is anything else
 */
export function parseCidr(text: string): Cidr {
  const parts = /^([0-9a-fA-F:.]{2,45})\/(0|[1-9]\d{0,2})$/.exec(text);
  if (parts === null) throw new RangeError("not an address range such as 10.0.0.0/8");
  const address = parts[1]!;
  const family = address.includes(":") ? 6 : 4;
  const canonical = family === 6 ? parseIpv6(address) : parseIpv4(address);
  const width = family === 6 ? 128 : 32;
  const prefix = Number(parts[2]);
  if (prefix > width) throw new RangeError(`a prefix is at most ${width}`);
  const size = 1n << BigInt(width - prefix);
  const first = addressNumber(canonical);
  if (first % size !== 0n) throw new RangeError("the address of a range must be its first one");
  return { family, first, last: first + size - 1n, prefix, text: `${canonical}/${prefix}` };
}

/** The range of `prefix` bits that an address lies in. @throws RangeError when it is no address, or the prefix too long */
export function cidrAround(address: string, prefix: number): Cidr {
  const width = address.includes(":") ? 128 : 32;
  if (!(Number.isInteger(prefix) && prefix >= 0 && prefix <= width))
    throw new RangeError(`a prefix is at most ${width}`);
  const host = BigInt(width - prefix);
  const first = (addressNumber(address) >> host) << host;
  return parseCidr(`${width === 128 ? ipv6Of(first) : ipv4Of(first)}/${prefix}`);
}

/** The address as an unsigned number, network byte order. @throws Error when it is no address */
export function addressNumber(address: string): bigint {
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** The IPv4 address of an unsigned number below 2^32. */
export function ipv4Of(number: bigint): Ipv4Address {
  return [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) & 0xffn)).join(".") as Ipv4Address;
}

/** The IPv6 address of an unsigned number below 2^128, in RFC 5952 form. */
function ipv6Of(number: bigint): Ipv6Address {
  const groups = Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return parseIpv6(groups.join(":"));
}
