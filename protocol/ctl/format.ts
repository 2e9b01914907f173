// What every control message shares: kind and version in front, and the addresses in its body (protocol.md §6c).
import ipaddr from "ipaddr.js";

/** Kind bytes of control messages; 0x10 to 0x13 are reserved for the post-quantum exchange. */
export const controlKinds = { ping: 1, pong: 2, endpoints: 3, punch: 4, head: 5, clients: 6 } as const;
/** The only version so far. */
export const controlVersion = 0;
/** Kind and version. */
export const headerLength = 2;
/** A transaction id: 12 random bytes that an answer repeats. */
export const transactionLength = 12;

/** A new message of `length` bytes in all, its header set. */
export function startMessage(kind: number, length: number): { message: Uint8Array; view: DataView } {
  const message = new Uint8Array(length);
  message[0] = kind;
  message[1] = controlVersion;
  return { message, view: new DataView(message.buffer) };
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @throws RangeError unless it is 12 bytes */
export function assertTransaction(transaction: Uint8Array): void {
  if (transaction.length !== transactionLength) throw new RangeError("a transaction id is 12 bytes");
}

/** An address as text into 16 bytes, IPv4 mapped into ::ffff:0:0/96. @throws Error for text that is no address */
export function addressBytes(address: string): Uint8Array {
  const parsed = ipaddr.parse(address);
  const wide = parsed.kind() === "ipv4" ? (parsed as ipaddr.IPv4).toIPv4MappedAddress() : parsed;
  return Uint8Array.from(wide.toByteArray());
}

/** 16 bytes as text: dotted for a mapped IPv4 address, RFC 5952 for all others. */
export function addressText(bytes: Uint8Array): string {
  const address = new ipaddr.IPv6([...bytes]);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}

/** @throws RangeError unless it fits 16 bits */
export function assertPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new RangeError(`not a port: ${port}`);
}
