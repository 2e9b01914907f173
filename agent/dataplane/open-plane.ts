// Chooses the data plane: the native one where it is wished and works, else the portable one, with the reason in the log.
import { isTunnelMeshError } from "../../protocol/errors/error.ts";
import type { Log } from "../system/log.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Offload } from "./native/offloads.ts";
import type { PlaneOptions } from "./options.ts";

export interface PlanePreference {
  readonly backend: "native" | "portable";
  /** Of the native one. */
  readonly offloads: ReadonlySet<Offload>;
  readonly threads: number;
}

export interface OpenPlaneOptions extends PlaneOptions, PlanePreference {
  readonly log: Log;
  /** The data plane is dead: the process should end and be started again. */
  readonly onFailed: (reason: string) => void;
}

/** @throws TunnelMeshError TM_AGENT_PORT_IN_USE, TM_AGENT_NO_TUN: what the other data plane would meet as well */
export async function openPlane(options: OpenPlaneOptions): Promise<DataPlane> {
  if (options.backend === "native") {
    try {
      // Each is loaded when it is chosen: the other one costs no memory.
      const { openNative } = await import("./native.ts");
      return await openNative(options);
    } catch (error) {
      if (isTunnelMeshError(error)) throw error;
      options.log("warn", "the native data plane does not work here, the portable one takes over", {
        reason: String(error),
      });
    }
  }
  const { openPortable } = await import("./portable.ts");
  return await openPortable(options);
}
