// What the main thread and the data plane's thread say to each other: lists of these, in order.
import type { NodeId } from "../../../protocol/brand.ts";
import type { DirectPath, Path } from "../../transport/path.ts";
import type { GateKeys } from "../gate.ts";
import type { PeerRoutes } from "../routing.ts";
import type { Offload, OffloadStates } from "./offloads.ts";

export type ToPlane =
  | { readonly kind: "guard"; readonly keys: GateKeys }
  | { readonly kind: "known"; readonly addresses: readonly string[] }
  | { readonly kind: "routes"; readonly peers: readonly PeerRoutes[] }
  | {
      readonly kind: "install";
      readonly peer: NodeId;
      readonly localIndex: number;
      readonly remoteIndex: number;
      readonly expiresAt: number;
      /** 32 bytes to send with, 32 to receive with; moved, not copied, and wiped where they arrive. */
      readonly secret: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: "select"; readonly peer: NodeId; readonly localIndex: number | undefined }
  | { readonly kind: "remove"; readonly localIndex: number }
  | { readonly kind: "paths"; readonly peer: NodeId; readonly paths: readonly Path[] }
  | { readonly kind: "packet"; readonly peer: NodeId; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "keepalive"; readonly peer: NodeId }
  | { readonly kind: "datagram"; readonly bytes: Uint8Array<ArrayBuffer>; readonly path: DirectPath }
  | { readonly kind: "incoming"; readonly bytes: Uint8Array<ArrayBuffer>; readonly path: Path }
  | { readonly kind: "reopen" }
  | { readonly kind: "close" };

export type FromPlane =
  | { readonly kind: "ready"; readonly port: number; readonly dualStack: boolean; readonly offloads: OffloadStates }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string }
  | { readonly kind: "reopened"; readonly failure: string | undefined }
  | { readonly kind: "gone"; readonly reason: string }
  | { readonly kind: "offload"; readonly name: Offload; readonly reason: string; readonly offloads: OffloadStates }
  | { readonly kind: "datagram"; readonly bytes: Uint8Array; readonly path: Path }
  | { readonly kind: "unsent"; readonly peer: NodeId; readonly bytes: Uint8Array }
  | { readonly kind: "relay"; readonly to: NodeId; readonly bytes: Uint8Array }
  | {
      readonly kind: "received";
      readonly peer: NodeId;
      readonly localIndex: number;
      readonly data: boolean;
      readonly bytes: number;
      readonly path: Path;
    }
  | {
      readonly kind: "sent";
      readonly peer: NodeId;
      readonly data: boolean;
      readonly counter: number;
      readonly bytes: number;
    }
  | { readonly kind: "closed" };

/** Those that carry a packet; the rest is never dropped. */
export type Packet = Extract<FromPlane, { readonly kind: "datagram" | "unsent" | "relay" }>;

/** What the thread is started with. */
export interface PlaneData {
  readonly interface: string;
  readonly mtu: number;
  readonly udpPort: number;
  readonly offloads: readonly Offload[];
  /** An eventfd that the main thread writes to when it has said something. */
  readonly wake: number;
  /** Beside which a release keeps koffi's library; the checkout's thread finds the package by itself. */
  readonly library: string;
  readonly tallies: Float64Array<SharedArrayBuffer>;
  /** Places as in `shared`. */
  readonly shared: Int32Array<SharedArrayBuffer>;
}

/** Numbers both threads change, by their place. */
export const shared = {
  /** Grows with each turn of the loop. */
  heartbeat: 0,
  /** Packets that wait for the data plane, and for the main thread. */
  toPlane: 1,
  toMain: 2,
} as const;

/** Packets that may wait in either direction; those beyond are dropped and counted. */
export const queueLimit = 4096;
