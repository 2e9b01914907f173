// Names of everything a local host leaves on the machine, derived from state folder, network and host name.
import { createHash } from "node:crypto";

/** What belongs to one network: its router namespace, the machine's end of the link to it, its nft table. */
export interface NetworkNames {
  readonly key: string;
  readonly router: string;
  readonly link: string;
  readonly table: string;
}

/** What belongs to one host: namespaces, container and control groups all carry these names. */
export interface HostNames {
  readonly key: string;
  /** Network namespace, machine name of the container and control group. */
  readonly machine: string;
  /** Namespace of its own NAT router. */
  readonly nat: string;
  /** Port of the router's bridge. */
  readonly port: string;
}

function digest(length: number, ...parts: string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, length);
}

/** Six letters that begin every name of this state folder, so that two state folders never touch each other. */
export function statePrefix(state: string): string {
  return `tm${digest(4, "state", state)}`;
}

/** Names of a network; interface names stay within the 15 bytes of IFNAMSIZ. */
export function networkNames(prefix: string, network: string): NetworkNames {
  const key = digest(7, "network", network);
  return { key, router: `${prefix}r${key}`, link: `${prefix}m${key}`, table: `${prefix}t${key}` };
}

/** Names of a host of a network. */
export function hostNames(prefix: string, network: string, name: string): HostNames {
  const key = digest(7, "host", network, name);
  return { key, machine: `${prefix}h${key}`, nat: `${prefix}n${key}`, port: `h${key}` };
}

/** Says which kind of thing a name of this prefix is; undefined when it is not ours. */
export function parseName(
  prefix: string,
  name: string,
): { kind: "host" | "nat" | "router" | "link" | "table"; key: string } | undefined {
  const match = /^([hnrmt])([0-9a-f]{7})$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "");
  if (match === null) return undefined;
  const kinds = { h: "host", n: "nat", r: "router", m: "link", t: "table" } as const;
  return { kind: kinds[match[1] as keyof typeof kinds], key: match[2] ?? "" };
}
