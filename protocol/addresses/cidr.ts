// Questions about address ranges: what lies inside, and do two overlap.
import { addressNumber, type Cidr, parseCidr } from "./parse.ts";

/** Says whether `address` lies in `range`; an address of the other family does not. @throws RangeError bad range */
export function cidrContains(range: Cidr | string, address: string): boolean {
  const { family, first, last } = cidrOf(range);
  if ((address.includes(":") ? 6 : 4) !== family) return false;
  const number = addressNumber(address);
  return number >= first && number <= last;
}

/** Says whether two ranges share an address; ranges of two families do not. @throws RangeError bad range */
export function cidrsOverlap(left: Cidr | string, right: Cidr | string): boolean {
  const one = cidrOf(left);
  const other = cidrOf(right);
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

function cidrOf(range: Cidr | string): Cidr {
  return typeof range === "string" ? parseCidr(range) : range;
}
