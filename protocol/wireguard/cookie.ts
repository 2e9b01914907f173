// Cookies: how a responder under load makes a sender prove its source address (WireGuard paper §5.4.7, protocol.md §1.1).
import { mac16, xchachaOpen, xchachaSeal } from "../noise/primitives.ts";
import { decodeCookieReply, encodeCookieReply } from "./cookie-reply.ts";
import { labelledKey } from "./labelled-key.ts";
import { mac1Of } from "./macs.ts";
import type { HandshakeProfile } from "./profile.ts";

/** A cookie older than this is not used or accepted any more, and a secret lives as long; milliseconds. */
export const cookieLifetime = 120_000;

/** The source of a datagram as cookie input: address, in whichever form the caller keeps to, ‖ port u16 little-endian. */
export function datagramSource(address: Uint8Array, port: number): Uint8Array {
  return Uint8Array.from([...address, port & 0xff, port >>> 8]);
}

/** The source of a relayed frame: "relay" ‖ node id (protocol.md §6b). */
export function relaySource(nodeId: Uint8Array): Uint8Array {
  return Uint8Array.from([...new TextEncoder().encode("relay"), ...nodeId]);
}

/**
 * The cookie of one source.
 * @param secret 32 random bytes of the responder, renewed every 120 s
 */
export function cookieOf(secret: Uint8Array, source: Uint8Array): Uint8Array {
  return mac16(secret, source);
}

export interface CookieReplyInput {
  /** The static public key of the replier. */
  readonly localPublicKey: Uint8Array;
  /** The message 1 or 2 that had a valid mac1 and no valid mac2. */
  readonly message: Uint8Array;
  readonly cookie: Uint8Array;
  /** 24 random bytes. */
  readonly nonce: Uint8Array;
}

/** Message 3 for a message 1 or 2 that came under load. @throws RangeError for a nonce of the wrong size */
export function createCookieReply(profile: HandshakeProfile, input: CookieReplyInput): Uint8Array {
  const { localPublicKey, message, cookie, nonce } = input;
  const sealed = xchachaSeal(cookieKey(profile, localPublicKey), nonce, cookie, mac1Of(message));
  const senderIndex = new DataView(message.buffer, message.byteOffset, message.byteLength).getUint32(4, true);
  return encodeCookieReply(profile.types.cookieReply, senderIndex, nonce, sealed);
}

/**
 * The cookie in a message 3, or undefined when it is malformed or not an answer to `lastMac1`.
 * @param remotePublicKey the static public key of the replier
 * @param lastMac1 mac1 of the last message 1 or 2 sent to it; forget it after a success: one reply per message
 */
export function consumeCookieReply(
  profile: HandshakeProfile,
  remotePublicKey: Uint8Array,
  lastMac1: Uint8Array,
  message: Uint8Array,
): Uint8Array | undefined {
  const reply = decodeCookieReply(profile.types.cookieReply, message);
  if (reply === undefined) return undefined;
  return xchachaOpen(cookieKey(profile, remotePublicKey), reply.nonce, reply.sealedCookie, lastMac1);
}

function cookieKey(profile: HandshakeProfile, publicKey: Uint8Array): Uint8Array {
  return labelledKey(profile.cookieLabel, publicKey);
}
