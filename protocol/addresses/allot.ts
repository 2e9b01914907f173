// Allots IPv4 addresses of a mesh: the lowest one that is free.
import type { Ipv4Address } from "../brand.ts";
import { addressNumber, ipv4Of, parseCidr } from "./parse.ts";

/**
 * Gives the lowest free address of `range`, or undefined when none is left. The first and the last address of the range and
 * every one that ends in .0 or .255 are never given: old software takes them for networks and broadcasts.
 * @throws RangeError when `range` is no IPv4 range
 */
export function allotIpv4(range: string, taken: Iterable<string>): Ipv4Address | undefined {
  const { family, first, last } = parseCidr(range);
  if (family !== 4) throw new RangeError("addresses are allotted from an IPv4 range");
  const used = new Set([...taken].map(addressNumber));
  for (let number = first + 1n; number < last; number += 1n) {
    const ending = number & 0xffn;
    if (ending !== 0n && ending !== 0xffn && !used.has(number)) return ipv4Of(number);
  }
  return undefined;
}
