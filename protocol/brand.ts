// The branded types of keys, addresses, identities and times that every room shares.
declare const brand: unique symbol;

/** `T` that has passed the one parser of `Name`; the brand exists for the compiler alone. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** SHA-256 of a node's SSH public key blob (life.md §2), 64 lower-case hexadecimal digits. */
export type NodeId = Brand<string, "NodeId">;
/** SHA-256 of the genesis body (life.md §1), 64 lower-case hexadecimal digits. */
export type MeshId = Brand<string, "MeshId">;
/** Dotted IPv4 address without leading zeros. */
export type Ipv4Address = Brand<string, "Ipv4Address">;
/** IPv6 address in RFC 5952 form. */
export type Ipv6Address = Brand<string, "Ipv6Address">;
/** 32 bytes, Montgomery u-coordinate (RFC 7748 §5). */
export type X25519PublicKey = Brand<Uint8Array, "X25519PublicKey">;
/** 32 bytes, clamped or to be clamped scalar (RFC 7748 §5); never printed. */
export type X25519PrivateKey = Brand<Uint8Array, "X25519PrivateKey">;
/** 32 bytes mixed in as `psk2` of Noise IKpsk2; never printed. */
export type PresharedKey = Brand<Uint8Array, "PresharedKey">;
/** A duration or a monotonic instant (CLOCK_BOOTTIME) in milliseconds. */
export type Milliseconds = Brand<number, "Milliseconds">;
/** A WireGuard session index: an unsigned 32-bit integer. */
export type SessionIndex = Brand<number, "SessionIndex">;

/** Marks a number as milliseconds. */
export function milliseconds(value: number): Milliseconds {
  return value as Milliseconds;
}

/**
 * Parses 64 hexadecimal digits as a node id.
 * @throws RangeError when the text is anything else
 */
export function parseNodeId(text: string): NodeId {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new RangeError("a node id is 64 lower-case hexadecimal digits");
  return text as NodeId;
}

/**
 * Parses 64 hexadecimal digits as a mesh id.
 * @throws RangeError when the text is anything else
 */
export function parseMeshId(text: string): MeshId {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new RangeError("a mesh id is 64 lower-case hexadecimal digits");
  return text as MeshId;
}
