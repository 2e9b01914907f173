// A join token as somebody gave it: read, so that a typing error is told before anything is done.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { decodeJoinToken, type JoinToken } from "../../../protocol/trust/join-token.ts";

/** @throws TunnelMeshError TM_JOIN_TOKEN, TM_JOIN_TOKEN_RELEASE */
export function readToken(text: string): JoinToken {
  const decoded = decodeJoinToken(text);
  if (decoded.ok) return decoded.token;
  switch (decoded.reason) {
    case "no-token":
    case "typo":
      throw new TunnelMeshError("TM_JOIN_TOKEN");
    case "other-release":
    case "bad-field":
      throw new TunnelMeshError("TM_JOIN_TOKEN_RELEASE");
    default:
      return decoded.reason satisfies never;
  }
}
