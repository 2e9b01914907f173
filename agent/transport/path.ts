// A way for sealed datagrams to reach a peer: straight to a UDP address, or through the relay.
import type { NodeId } from "../../protocol/brand.ts";

export interface DirectPath {
  readonly kind: "direct";
  /** IPv4 dotted, IPv6 in RFC 5952 form; never an IPv4-mapped one. */
  readonly address: string;
  readonly port: number;
}

export interface RelayPath {
  readonly kind: "relay";
  /** Who the relay takes it to; on receipt who it says it is from, a hint (protocol.md §6b). */
  readonly nid: NodeId;
}

export type Path = DirectPath | RelayPath;

/** Equal paths have equal keys. */
export function pathKey(path: Path): string {
  return path.kind === "relay" ? `relay ${path.nid}` : `${path.address} ${path.port}`;
}
