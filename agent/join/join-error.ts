// Why a join failed, from what the coordinator or the view said, as an error of the catalogue.
import { TunnelMeshError } from "../../protocol/errors/error.ts";

/** Codes that a coordinator may give; anything else that it says is only repeated. */
const codes = [
  "TM_JOIN_EXPIRED",
  "TM_JOIN_USED_UP",
  "TM_JOIN_REVOKED",
  "TM_JOIN_UNKNOWN_TOKEN",
  "TM_JOIN_NAME_TAKEN",
  "TM_JOIN_REFUSED",
  "TM_COORDINATION_RANGE_FULL",
  "TM_COORDINATION_QUOTA",
] as const;

/** Seconds by which two clocks may differ before expiry cannot be judged. */
const clockTolerance = 3600;

/** @param clocks Unix seconds, the coordinator's and this host's */
export function refusedBy(
  refusal: { readonly code: string; readonly message: string },
  clocks?: { readonly theirs: number; readonly ours: number },
): TunnelMeshError {
  if (clocks !== undefined) {
    const off = clockError(clocks.theirs, clocks.ours);
    if (off !== undefined) return off;
  }
  const message = refusal.message.replace(/\p{Cc}/gu, "?");
  const code = codes.find((one) => one === refusal.code);
  if (code === undefined) return new TunnelMeshError("TM_JOIN_REFUSED", { detail: `${refusal.code}: ${message}` });
  return new TunnelMeshError(code, { detail: message });
}

/** The coordinator's time is a hint, but nothing good comes of an hour's difference. */
export function clockError(theirs: number, ours: number): TunnelMeshError | undefined {
  if (Math.abs(theirs - ours) <= clockTolerance) return undefined;
  const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
  const detail = `here it is ${at(ours)}, at the coordinator ${at(theirs)}`;
  return new TunnelMeshError("TM_JOIN_CLOCK", { detail });
}

/** @param reason a verdict on the grant */
export function refusedGrant(reason: string): TunnelMeshError {
  switch (reason) {
    case "used-up":
      return new TunnelMeshError("TM_JOIN_USED_UP");
    case "token-expired":
      return new TunnelMeshError("TM_JOIN_EXPIRED");
    case "token-revoked":
      return new TunnelMeshError("TM_JOIN_REVOKED");
    case "unknown-token":
      return new TunnelMeshError("TM_JOIN_UNKNOWN_TOKEN");
    case "name-taken":
      return new TunnelMeshError("TM_JOIN_NAME_TAKEN", { detail: "it was taken at the same moment" });
    default:
      return new TunnelMeshError("TM_JOIN_REFUSED", { detail: reason });
  }
}
