// Times of path probing, milliseconds unless said (architecture.md §7).

/** A pong later than this changes nothing (protocol.md §6c). */
export const pongTimeout = 5_000;
/** After a pong a direct path carries data alone for so long. */
export const trustTime = 6_500;
export const heartbeatInterval = 3_000;
/** Sent and heard nothing back for so long: ask at once. */
export const silenceBeforePing = 700;
/** A ping unanswered for so long makes its path suspect; slow paths get four round trips. */
export const suspectAfter = 500;
export const suspectInterval = 500;
/** New packets come another way and none by the direct path for so long: the peer may have left it already. */
export const overtakenAfter = 300;
/** A suspect path that never answers is given up. */
export const suspectTime = 10_000;
/** Suspect for so long: the control session itself may be gone. */
export const renewAfter = 1_500;
/** Without traffic for so long nothing is sent any more. */
export const activeTime = 45_000;
/** Distances of probing rounds without a good direct path; the last one repeats. */
export const probeDelays = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000] as const;
/** Distance of rounds that look for a better one. */
export const improveInterval = 30_000;
/** News of a peer starts a new series of rounds at most so often: it must not have others pinged as fast as it likes. */
export const newsInterval = 5_000;
export const candidateLimit = 24;
export const seenLimit = 4;
export const outstandingLimit = 256;
/** A relay through which the peer was heard is used, whatever presence says. */
export const relayHeardTime = 20_000;
