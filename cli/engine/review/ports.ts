// Firewall rules as boxes of ports and addresses, and which of them are wider than others.
import ipaddr from "ipaddr.js";

/** One source that one rule admits. */
export interface Opening {
  /** "tcp" */
  readonly protocol: string;
  /** Inclusive. */
  readonly from: number;
  readonly to: number;
  readonly source:
    | {
        readonly kind: "range";
        readonly family: 4 | 6;
        readonly first: bigint;
        readonly last: bigint;
        readonly text: string;
      }
    /** A tag, a droplet, a load balancer: no address is known. */
    | { readonly kind: "other"; readonly text: string };
}

const allPorts = [1, 65_535] as const;

/** Both ends of "22", "8000-9000", "all", "0" or nothing. */
export function readPorts(protocol: string, range: unknown): readonly [number, number] {
  if (protocol === "icmp") return [0, 0];
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(typeof range === "string" ? range : "") ?? [];
  if (first === undefined || Number(first) === 0) return allPorts;
  return [Number(first), Number(last ?? first)];
}

/** A range "203.0.113.0/24" or an address; anything else is a source without addresses. */
export function readSource(text: string): Opening["source"] {
  const withPrefix = text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`;
  if (!ipaddr.isValidCIDR(withPrefix)) return { kind: "other", text };
  const [address, prefix] = ipaddr.parseCIDR(withPrefix);
  const bits = address.kind() === "ipv4" ? 32n : 128n;
  const value = address.toByteArray().reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const size = 1n << (bits - BigInt(prefix));
  const first = value - (value % size);
  return { kind: "range", family: bits === 32n ? 4 : 6, first, last: first + size - 1n, text };
}

/** What of `after` no combination of `before` admits. */
export function widerThan(before: readonly Opening[], after: readonly Opening[]): readonly Opening[] {
  return after.filter((opening) => !isCovered(opening, before));
}

/** Whether these openings together let half of all addresses or more reach `port`. */
export function isOpenToWorld(openings: readonly Opening[], protocol: string, port: number): boolean {
  return ([4, 6] as const).some((family) => {
    const ranges = openings.flatMap(({ protocol: own, from, to, source }) =>
      own === protocol && from <= port && port <= to && source.kind === "range" && source.family === family
        ? [source]
        : [],
    );
    return coversHalf(ranges, family);
  });
}

/** Whether these ranges hold half of all addresses of a family or more. */
export function isHalfOfWorld(ranges: readonly string[]): boolean {
  const sources = ranges.map(readSource).flatMap((source) => (source.kind === "range" ? [source] : []));
  return ([4, 6] as const).some((family) =>
    coversHalf(
      sources.filter((source) => source.family === family),
      family,
    ),
  );
}

function coversHalf(ranges: readonly Stretch[], family: 4 | 6): boolean {
  const covered = merge(ranges).reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  return covered >= 1n << (family === 4 ? 31n : 127n);
}

function isCovered({ protocol, from, to, source }: Opening, before: readonly Opening[]): boolean {
  const alike = before.filter(
    (other) =>
      other.protocol === protocol &&
      other.from <= to &&
      other.to >= from &&
      (source.kind === "range"
        ? other.source.kind === "range" && other.source.family === source.family
        : other.source.kind === "other" && other.source.text === source.text),
  );
  // Between these ports nothing changes: each stretch is looked at once.
  const starts = new Set([from, ...alike.flatMap((other) => [other.from, other.to + 1])]);
  return [...starts]
    .filter((port) => port >= from && port <= to)
    .every((port) => {
      const here = alike.filter((other) => other.from <= port && port <= other.to);
      if (source.kind === "other") return here.length > 0;
      const ranges = merge(here.flatMap((other) => (other.source.kind === "range" ? [other.source] : [])));
      return ranges.some(({ first, last }) => first <= source.first && source.last <= last);
    });
}

interface Stretch {
  readonly first: bigint;
  readonly last: bigint;
}

function merge(stretches: readonly Stretch[]): readonly Stretch[] {
  const merged: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of stretches.toSorted((left, right) => (left.first < right.first ? -1 : 1))) {
    const end = merged.at(-1);
    if (end === undefined || first > end.last + 1n) merged.push({ first, last });
    else if (last > end.last) end.last = last;
  }
  return merged;
}
