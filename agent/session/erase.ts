// What a session lets go of is zeroed: ephemeral and chaining keys of a handshake as soon as it is answered, replaced or given up.
import { eraseHandshake } from "../../protocol/noise/handshake.ts";
import { wipe } from "../../protocol/noise/primitives.ts";
import type { SessionState } from "./state.ts";

/** Zeroes the secrets of the handshake and the cookie that `after` does not have any more. Undefined: the session ends. */
export function eraseReplaced(before: SessionState, after: SessionState | undefined): void {
  const kept = after?.handshake.kind === "initiated" ? after.handshake.pending : undefined;
  const { handshake, cookie } = before;
  if (handshake.kind === "initiated" && handshake.pending !== kept) eraseHandshake(handshake.pending.state);
  if (cookie !== undefined && cookie !== after?.cookie) wipe(cookie.value);
}
