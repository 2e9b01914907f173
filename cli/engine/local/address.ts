// Addresses of local networks: a free /24 of 198.18.0.0/15 (RFC 2544) and a ULA /48 (RFC 4193) for each.
import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { HostRecord, NetworkRecord } from "./record.ts";

/** Addresses of one host. `outside` is where this machine reaches it. */
export interface HostAddresses {
  readonly outside4: string;
  readonly outside6: string;
  /** Its own addresses and gateway; behind a NAT they differ from `outside`. */
  readonly own4: string;
  readonly own4Bits: number;
  readonly own6: string;
  readonly gateway4: string;
  readonly gateway6: string;
}

/** Addresses of one network: hosts live in the lower half of the /24, the machine is .254, NATs have the rest. */
export function networkAddresses(record: Pick<NetworkRecord, "subnet" | "prefix6">) {
  return {
    router4: `${record.subnet}.1`,
    machine4: `${record.subnet}.254`,
    all4: `${record.subnet}.0/24`,
    router6: `${record.prefix6}::1`,
    link6: `${record.prefix6}:1::1`,
    machine6: `${record.prefix6}:1::2`,
    all6: `${record.prefix6}::/48`,
  };
}

/** Addresses of a host of a network; the address behind a NAT is the third of a /30 and ::2 of a /64 of its own. */
export function hostAddresses(
  network: Pick<NetworkRecord, "subnet" | "prefix6">,
  host: Pick<HostRecord, "nat" | "index" | "inside">,
): HostAddresses {
  const { router4, router6 } = networkAddresses(network);
  const outside4 = `${network.subnet}.${host.index}`;
  const outside6 = `${network.prefix6}::${host.index.toString(16)}`;
  if (host.nat === "none") {
    const own = { own4: outside4, own4Bits: 25, own6: outside6, gateway4: router4, gateway6: router6 };
    return { outside4, outside6, ...own };
  }
  const block = 128 + 4 * host.inside;
  const block6 = `${network.prefix6}:${(16 + host.inside).toString(16)}`;
  return {
    outside4,
    outside6,
    own4: `${network.subnet}.${block + 2}`,
    own4Bits: 30,
    own6: `${block6}::2`,
    gateway4: `${network.subnet}.${block + 1}`,
    gateway6: `${block6}::1`,
  };
}

/** Says whether two ranges "address/bits" of one family overlap; a bare address counts as one host. */
export function overlaps(a: string, b: string): boolean {
  const [first, firstBits] = parseRange(a);
  const [second, secondBits] = parseRange(b);
  if (first.kind() !== second.kind()) return false;
  const bits = Math.min(firstBits, secondBits);
  if (first.kind() === "ipv4") return (first as ipaddr.IPv4).match(second as ipaddr.IPv4, bits);
  return (first as ipaddr.IPv6).match(second as ipaddr.IPv6, bits);
}

function parseRange(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/**
 * Picks ranges that overlap no route of the machine and no recorded network; the same name gets the same ones
 * again when they are free.
 * @throws TunnelMeshError TM_LOCAL_FULL when all 512 are taken
 */
export function pickRanges(
  seed: string,
  routes: readonly string[],
  recorded: readonly Pick<NetworkRecord, "subnet" | "prefix6">[],
): Pick<NetworkRecord, "subnet" | "prefix6"> {
  const taken = [...routes, ...recorded.flatMap((network) => Object.values(pickAll(network)))];
  const hash = createHash("sha256").update(seed).digest();
  for (let step = 0; step < 512; step++) {
    const at = (hash.readUInt16BE(0) + step) % 512;
    const group = (offset: number): string => ((hash.readUInt16BE(offset) + step) & 0xffff).toString(16);
    const ranges = {
      subnet: `198.${18 + (at >> 8)}.${at & 255}`,
      prefix6: `fd${hash.toString("hex", 2, 3)}:${group(3)}:${group(5)}`,
    };
    if (!Object.values(pickAll(ranges)).some((range) => taken.some((other) => overlaps(range, other)))) return ranges;
  }
  throw new TunnelMeshError("TM_LOCAL_FULL", { detail: "198.18.0.0/15 is taken by routes and other networks" });
}

function pickAll(network: Pick<NetworkRecord, "subnet" | "prefix6">): { four: string; six: string } {
  const { all4, all6 } = networkAddresses(network);
  return { four: all4, six: all6 };
}

/**
 * Picks free numbers for a new host among its network's hosts.
 * @throws TunnelMeshError TM_LOCAL_FULL when none is left
 */
export function pickIndex(
  nat: HostRecord["nat"],
  others: readonly Pick<HostRecord, "nat" | "index" | "inside">[],
): { index: number; inside: number } {
  const index = firstFree(2, 126, new Set(others.map((host) => host.index)));
  if (nat === "none") return { index, inside: 0 };
  const behind = others.filter((host) => host.nat !== "none").map((host) => host.inside);
  return { index, inside: firstFree(0, 30, new Set(behind)) };
}

function firstFree(from: number, to: number, used: ReadonlySet<number>): number {
  for (let number = from; number <= to; number++) if (!used.has(number)) return number;
  throw new TunnelMeshError("TM_LOCAL_FULL", { detail: "this network has as many hosts as its /24 holds" });
}
