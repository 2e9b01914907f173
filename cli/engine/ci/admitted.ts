// Whether the SSH ranges of a stack's droplets let a runner in as they are.
import ipaddr from "ipaddr.js";
import type { MeshModel } from "../../../constructs/model.ts";

/** The SSH ranges of each droplet. */
export function sshRanges({ members }: Pick<MeshModel, "members">): readonly (readonly string[])[] {
  return members.flatMap(({ host }) => (host.kind === "droplet" ? [host.ssh] : []));
}

/** Says whether every droplet admits everybody by IPv4: then no address needs to be known. */
export function admitEverybody(droplets: readonly (readonly string[])[]): boolean {
  return droplets.every((ranges) => ranges.includes("0.0.0.0/0"));
}

/**
 * Says whether every droplet admits all of `addresses`, which may be ranges. SSH goes over IPv4 where the runner has it, so an IPv6
 * address beside it decides nothing.
 */
export function admits(droplets: readonly (readonly string[])[], addresses: readonly string[]): boolean {
  const four = addresses.filter((address) => !address.includes(":"));
  const deciding = four.length > 0 ? four : addresses;
  return droplets.every((ranges) => deciding.every((address) => ranges.some((range) => contains(range, address))));
}

function contains(range: string, inner: string): boolean {
  const [outerAddress, outerBits] = ipaddr.parseCIDR(range);
  const [address, bits] = inner.includes("/")
    ? ipaddr.parseCIDR(inner)
    : [ipaddr.parse(inner), inner.includes(":") ? 128 : 32];
  if (outerAddress.kind() !== address.kind() || bits < outerBits) return false;
  return address.match(outerAddress as never, outerBits);
}
