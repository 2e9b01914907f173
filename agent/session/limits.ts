// WireGuard's timers and limits (protocol.md §1.2); milliseconds unless said.

export const rekeyAfterTime = 120_000;
export const rejectAfterTime = 180_000;
/** Receive-side rekey by the initiator: reject − keepalive − rekey timeout. */
export const rekeyAfterReceive = 165_000;
export const rekeyTimeout = 5_000;
/** Random part of a retransmission, exclusive. */
export const rekeyJitter = 334;
export const rekeyAttemptTime = 90_000;
export const keepaliveTimeout = 10_000;
/** Sent data and nothing authenticated came back: keepalive + rekey timeout. */
export const deadPeerTimeout = 15_000;
export const zeroKeysAfter = 3 * rejectAfterTime;
/** Packets waiting for a session; the oldest goes first. */
export const stagedLimit = 128;
/** A replaced key receives for so long: a round trip of a slow relay. */
export const retireTime = 3_000;
/** Replaced keys kept at a time. */
export const retiredLimit = 2;
/** Least distance of two initiations of one peer. */
export const initiationSpacing = 20;
/** Rekey long before the counter's end (protocol.md §1.3 no. 8): where threads share a counter, it has 32 bits. */
export const rekeyAfterMessages = 2 ** 31;
