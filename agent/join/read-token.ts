// The join token, from standard input: it never stands in argv, a log or an error.
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { decodeJoinToken, type JoinToken, joinTokenLimit } from "../../protocol/trust/join-token.ts";

/** Reads one line. @throws TunnelMeshError TM_JOIN_TOKEN, TM_JOIN_TOKEN_RELEASE; nothing of the text is repeated */
export async function readToken(input: AsyncIterable<Buffer | string>): Promise<JoinToken> {
  return parseToken(await readLine(input, 2 * joinTokenLimit));
}

/** @throws as `readToken` */
export function parseToken(text: string): JoinToken {
  const decoded = decodeJoinToken(text);
  if (decoded.ok) return decoded.token;
  switch (decoded.reason) {
    case "no-token":
      throw new TunnelMeshError("TM_JOIN_TOKEN", { detail: "it does not begin with tmj1_" });
    case "typo":
      throw new TunnelMeshError("TM_JOIN_TOKEN", { detail: "a part of it is missing or mistyped" });
    case "other-release":
    case "bad-field":
      throw new TunnelMeshError("TM_JOIN_TOKEN_RELEASE");
    default:
      return decoded.reason satisfies never;
  }
}

/** The first line, or what comes before the end; cut at `limit` characters. */
export async function readLine(input: AsyncIterable<Buffer | string>, limit: number): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += chunk.toString();
    if (text.includes("\n") || text.length > limit) break;
  }
  return text.slice(0, limit).split("\n", 1)[0] ?? "";
}
