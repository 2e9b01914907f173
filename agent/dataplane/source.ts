// Where a handshake came from, as the cookie's input and as the name of a rate bucket.
import { addressBytes } from "../../protocol/ctl/format.ts";
import { datagramSource, relaySource } from "../../protocol/wireguard/cookie.ts";
import type { Path } from "../transport/path.ts";

/** Address and port, or "relay" and the node id the relay names (protocol.md §6b). */
export function cookieSource(path: Path): Uint8Array {
  if (path.kind === "relay") return relaySource(Buffer.from(path.nid, "hex"));
  return datagramSource(addressBytes(path.address.replace(/%.*$/, "")), path.port);
}

/** One bucket per IPv4 address, IPv6 /64 or relayed node. */
export function sourceKey(path: Path): string {
  if (path.kind === "relay") return `relay ${path.nid}`;
  if (!path.address.includes(":")) return path.address;
  return Buffer.from(addressBytes(path.address.replace(/%.*$/, "")).subarray(0, 8)).toString("hex");
}
