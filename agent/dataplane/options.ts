// What every implementation of the data plane is opened with.
import type { NodeId } from "../../protocol/brand.ts";
import type { Clock } from "../system/clock.ts";
import type { Native } from "../system/native.ts";
import type { DataPlaneEvents } from "./data-plane.ts";

export interface PlaneOptions {
  readonly native: Native;
  readonly clock: Clock;
  readonly interface: string;
  readonly mtu: number;
  readonly udpPort: number;
  /** False: no relay now. */
  readonly relay: (to: NodeId, datagram: Uint8Array) => boolean;
  readonly events: DataPlaneEvents;
}
