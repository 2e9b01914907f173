// mac1 and mac2, the two keyed checks at the end of messages 1 and 2 (WireGuard paper §5.4.4).
import { equalBytes, mac16 } from "../noise/primitives.ts";
import { labelledKey } from "./labelled-key.ts";
import type { HandshakeProfile } from "./profile.ts";

const macLength = 16;

/**
 * Appends mac1 and mac2 to a message that lacks them.
 * @param receiver the static public key of who will read it
 * @param cookie 16 bytes less than 120 s old; without one mac2 is zero
 */
export function appendMacs(
  profile: HandshakeProfile,
  receiver: Uint8Array,
  head: Uint8Array,
  cookie?: Uint8Array,
): Uint8Array {
  const message = new Uint8Array(head.length + 2 * macLength);
  message.set(head);
  message.set(mac16(mac1Key(profile, receiver), head), head.length);
  if (cookie !== undefined) {
    const covered = message.subarray(0, head.length + macLength);
    message.set(mac16(cookie, covered), head.length + macLength);
  }
  return message;
}

/** Whether mac1 was made for `localPublicKey`: checked before any Diffie-Hellman. Message 1 or 2, constant time. */
export function verifyMac1(profile: HandshakeProfile, localPublicKey: Uint8Array, message: Uint8Array): boolean {
  if (message.length < 2 * macLength) return false;
  const covered = message.subarray(0, message.length - 2 * macLength);
  return equalBytes(mac16(mac1Key(profile, localPublicKey), covered), mac1Of(message));
}

/** Whether mac2 was made with `cookie`, which the caller computes for the source of the message. */
export function verifyMac2(cookie: Uint8Array, message: Uint8Array): boolean {
  if (message.length < 2 * macLength) return false;
  const covered = message.subarray(0, message.length - macLength);
  return equalBytes(mac16(cookie, covered), message.subarray(message.length - macLength));
}

/** Whether the sender had a cookie at all: without one mac2 is zero, which needs no computing to be refused. */
export function carriesMac2(message: Uint8Array): boolean {
  return message.subarray(-macLength).some((byte) => byte !== 0);
}

/** mac1 of a whole message 1 or 2: what a cookie reply is bound to. A view. */
export function mac1Of(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - 2 * macLength, message.length - macLength);
}

function mac1Key(profile: HandshakeProfile, receiver: Uint8Array): Uint8Array {
  return labelledKey(profile.macLabel, receiver);
}
