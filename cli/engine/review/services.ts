// What may pass between two ends, as sets of ports by protocol: joined, compared, and written as services again.
import type { ServiceModel } from "../../../constructs/model.ts";

/** Inclusive. */
type PortRange = ServiceModel["ports"][number];

/** Merged and sorted ranges by protocol; a protocol without ports has the one range 0 to 0. */
export type ServiceSet = ReadonlyMap<ServiceModel["protocol"], readonly PortRange[]>;

/** In the order in which a rule lists them. */
const protocols = ["icmp", "tcp", "udp"] as const;
const allPorts: PortRange = { from: 1, to: 65_535 };

/** All that these services let through together. */
export function joinServices(services: readonly ServiceModel[]): ServiceSet {
  return setOf((protocol) =>
    mergeRanges(
      services
        .filter((service) => service.protocol === protocol)
        .flatMap(({ ports }) => (protocol === "icmp" ? [{ from: 0, to: 0 }] : ports.length === 0 ? [allPorts] : ports)),
    ),
  );
}

/** What of `one` is not in `other`. */
export function withoutServices(one: ServiceSet, other: ServiceSet): ServiceSet {
  return setOf((protocol) =>
    (other.get(protocol) ?? []).reduce<readonly PortRange[]>(
      (left, taken) => left.flatMap((range) => withoutRange(range, taken)),
      one.get(protocol) ?? [],
    ),
  );
}

/** As services of a stack file, one for each protocol; all ports are written as none. */
export function listServices(set: ServiceSet): readonly ServiceModel[] {
  return [...set].map(([protocol, ranges]) => {
    const all = ranges.length === 1 && ranges[0]!.from <= allPorts.from && ranges[0]!.to === allPorts.to;
    return { protocol, ports: protocol === "icmp" || all ? [] : ranges };
  });
}

function setOf(rangesOf: (protocol: ServiceModel["protocol"]) => readonly PortRange[]): ServiceSet {
  return new Map(
    protocols.flatMap((protocol) => {
      const ranges = rangesOf(protocol);
      return ranges.length === 0 ? [] : [[protocol, ranges] as const];
    }),
  );
}

function mergeRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of ranges.toSorted((left, right) => left.from - right.from)) {
    const last = merged.at(-1);
    if (last === undefined || from > last.to + 1) merged.push({ from, to });
    else last.to = Math.max(last.to, to);
  }
  return merged;
}

function withoutRange(range: PortRange, taken: PortRange): readonly PortRange[] {
  if (taken.to < range.from || taken.from > range.to) return [range];
  return [
    ...(range.from < taken.from ? [{ from: range.from, to: taken.from - 1 }] : []),
    ...(range.to > taken.to ? [{ from: taken.to + 1, to: range.to }] : []),
  ];
}
