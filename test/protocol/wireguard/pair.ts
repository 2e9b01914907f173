// Two ends of a handshake with fixed keys, run with everything given, for tests of both profiles.
import { expect } from "vitest";
import {
  consumeInitiation,
  consumeResponse,
  createInitiation,
  createResponse,
  type SessionKeys,
} from "../../../protocol/wireguard/handshake.ts";
import type { HandshakeProfile } from "../../../protocol/wireguard/profile.ts";
import { encodeTimestamp } from "../../../protocol/wireguard/tai64n.ts";
import { bytesOf, keysOf } from "../noise/bytes.ts";

export const initiator = keysOf("initiator static");
export const responder = keysOf("responder static");
export const psk = bytesOf("psk");
export const timestamp = encodeTimestamp(Date.UTC(2026, 0, 2, 3, 4, 5, 678));

export function initiate(profile: HandshakeProfile, cookie?: Uint8Array) {
  const created = createInitiation(profile, {
    local: initiator,
    remoteStatic: responder.publicKey,
    ephemeral: bytesOf("initiator ephemeral"),
    timestamp,
    senderIndex: 0x01020304,
    cookie,
  });
  if (!created.ok) return expect.unreachable(created.reason);
  return created;
}

export function receive(profile: HandshakeProfile, message: Uint8Array) {
  const consumed = consumeInitiation(profile, responder, message);
  if (!consumed.ok) return expect.unreachable(consumed.reason);
  return consumed.received;
}

export function respond(profile: HandshakeProfile, message: Uint8Array, presharedKey = psk) {
  const created = createResponse(profile, receive(profile, message), {
    ephemeral: bytesOf("responder ephemeral"),
    psk: presharedKey,
    senderIndex: 0xa1b2c3d4,
  });
  if (!created.ok) return expect.unreachable(created.reason);
  return created;
}

export interface Pair {
  readonly initiation: Uint8Array;
  readonly response: Uint8Array;
  readonly initiatorKeys: SessionKeys;
  readonly responderKeys: SessionKeys;
}

export function shakeHands(profile: HandshakeProfile): Pair {
  const { message: initiation, pending } = initiate(profile);
  const { message: response, keys: responderKeys } = respond(profile, initiation);
  const finished = consumeResponse(profile, pending, initiator, psk, response);
  if (!finished.ok) return expect.unreachable(finished.reason);
  return { initiation, response, initiatorKeys: finished.keys, responderKeys };
}
