// Turns what sockets and the SSH library throw into errors that a person can act on.
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { visible } from "./visible.ts";

const saidLimit = 500;

const byErrno: Record<string, "TM_SSH_DNS" | "TM_SSH_REFUSED" | "TM_SSH_NO_ROUTE" | "TM_SSH_TIMEOUT"> = {
  ENOTFOUND: "TM_SSH_DNS",
  EAI_AGAIN: "TM_SSH_DNS",
  EAI_FAIL: "TM_SSH_DNS",
  ECONNREFUSED: "TM_SSH_REFUSED",
  EHOSTUNREACH: "TM_SSH_NO_ROUTE",
  ENETUNREACH: "TM_SSH_NO_ROUTE",
  EADDRNOTAVAIL: "TM_SSH_NO_ROUTE",
  ETIMEDOUT: "TM_SSH_TIMEOUT",
};

/** `place` is "beta (198.18.3.2:22)". An error that is readable already stays as it is. */
export function connectFailure(error: unknown, place: string): TunnelMeshError {
  if (isTunnelMeshError(error)) return error;
  const { code, message = "" } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : byErrno[code];
  if (known !== undefined) return new TunnelMeshError(known, { detail: place, cause: error });
  if (code === "ECONNRESET" || code === "EPIPE" || /before handshake|ended by the other/i.test(message)) {
    return new TunnelMeshError("TM_SSH_HANDSHAKE", { detail: `${place} closed the connection`, cause: error });
  }
  // What a host gives as its reason for going is among what is said here.
  return new TunnelMeshError("TM_SSH_HANDSHAKE", { detail: `${place}: ${visible(message, saidLimit)}`, cause: error });
}

/** The SSH library says which part failed in `level`. */
export function isAuthenticationFailure(error: unknown): boolean {
  return (error as { level?: unknown }).level === "client-authentication" || isTooMany(error);
}

/** Login has failed: with what was tried, and where the host stopped listening, how to offer fewer keys. */
export function loginFailure(
  error: unknown,
  place: string,
  { tried, left }: { readonly tried: readonly string[]; readonly left: () => number },
): TunnelMeshError {
  const said = tried.length === 0 ? "no key was found to offer" : tried.join("; ");
  if (!isTooMany(error)) return new TunnelMeshError("TM_SSH_AUTH", { detail: `${place}; ${said}`, cause: error });
  const others = left() === 0 ? "" : `; ${left()} more were not tried`;
  return new TunnelMeshError("TM_SSH_TOO_MANY_KEYS", { detail: `${place}; ${said}${others}`, cause: error });
}

function isTooMany(error: unknown): boolean {
  return /too many authentication failures/i.test(String((error as { message?: unknown }).message));
}
