// The error for a configuration that says what cannot be done.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { visible } from "./visible.ts";

/** `subject` is a target or a file; `advice` replaces the general one. */
export function brokenConfiguration(subject: string, why: string, advice?: readonly string[]): TunnelMeshError {
  return new TunnelMeshError("TM_SSH_CONFIGURATION", {
    detail: visible(`${subject}: ${why}`, 1000),
    ...(advice === undefined ? {} : { advice: [...advice] }),
  });
}
