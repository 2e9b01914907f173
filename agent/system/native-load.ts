// Loads the native library when the tunnel starts, so that a missing one is an error with a code and not a stack trace.
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { Native } from "./native.ts";

/** @throws TunnelMeshError TM_AGENT_NO_KOFFI */
export async function loadNative(): Promise<Native> {
  try {
    const { bindNative } = await import("./native.ts");
    return bindNative();
  } catch (cause) {
    throw new TunnelMeshError("TM_AGENT_NO_KOFFI", {
      detail: `${process.platform} ${process.arch}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}
