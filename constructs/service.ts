// What may be reached on a node: TCP and UDP ports, ICMP.
import { attachRecord } from "./record.ts";

/** A protocol with its ports; made by `tcp`, `udp`, and the value `icmp`. */
export interface Service {
  readonly protocol: "tcp" | "udp" | "icmp";
}

/** A port, or the first and last of a range: "8000-8099". */
export type Port = number | `${number}-${number}`;

/** Ports as the stack wrote them; validated at synthesis. */
export interface ServiceRecord {
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly ports: readonly unknown[];
}

/** TCP ports; all of them when none is given. */
export function tcp(...ports: Port[]): Service {
  return makeService("tcp", ports);
}

/** UDP ports; all of them when none is given. */
export function udp(...ports: Port[]): Service {
  return makeService("udp", ports);
}

/** ICMP and ICMPv6: ping and errors. */
export const icmp: Service = makeService("icmp", []);

function makeService(protocol: Service["protocol"], ports: readonly unknown[]): Service {
  return attachRecord({ protocol }, "service", { protocol, ports } satisfies ServiceRecord);
}
