// What the main thread and a thread of the data plane say to each other: lists of these, in order.
import type { NodeId } from "../../../protocol/brand.ts";
import type { DirectPath, Path } from "../../transport/path.ts";
import type { GateKeys } from "../gate.ts";
import type { PeerRoutes } from "../routing.ts";
import type { Offload, OffloadStates } from "./offloads.ts";
import type { SharedCounter } from "./shared-counter.ts";

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
      /** 32 bytes to send with; for the thread that receives, 32 to receive with. Moved, not copied, and wiped where they arrive. */
      readonly secret: Uint8Array<ArrayBuffer>;
      /** Where several threads send under the key. */
      readonly counter: SharedCounter | undefined;
    }
  | { readonly kind: "select"; readonly peer: NodeId; readonly localIndex: number | undefined }
  | { readonly kind: "remove"; readonly localIndex: number }
  | { readonly kind: "paths"; readonly peer: NodeId; readonly paths: readonly Path[] }
  | { readonly kind: "packet"; readonly peer: NodeId; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "keepalive"; readonly peer: NodeId }
  | { readonly kind: "datagram"; readonly bytes: Uint8Array<ArrayBuffer>; readonly path: DirectPath }
  | { readonly kind: "incoming"; readonly bytes: Uint8Array<ArrayBuffer>; readonly path: Path }
  | { readonly kind: "reopen" }
  /** A queue of the interface that thread 0 made again. */
  | { readonly kind: "queue"; readonly fd: number; readonly generation: number }
  /** Went off on another thread. */
  | { readonly kind: "turnOff"; readonly name: Offload; readonly reason: string }
  | { readonly kind: "close" };

export type FromPlane =
  | {
      readonly kind: "ready";
      readonly port: number;
      readonly dualStack: boolean;
      readonly offloads: OffloadStates;
      /** What thread 0 opened for the others, in their order. */
      readonly ends: readonly ThreadEnds[];
    }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string }
  | {
      readonly kind: "reopened";
      readonly failure: string | undefined;
      /** Queues for the other threads. */
      readonly queues: readonly number[];
      readonly generation: number;
    }
  /** The interface of this generation went away: 0 from the start, and one more each time it is made again. */
  | { readonly kind: "gone"; readonly reason: string; readonly generation: number }
  | { readonly kind: "offload"; readonly name: Offload; readonly reason: string; readonly offloads: OffloadStates }
  | { readonly kind: "datagram"; readonly bytes: Uint8Array; readonly path: Path }
  | { readonly kind: "unsent"; readonly peer: NodeId; readonly bytes: Uint8Array }
  | { readonly kind: "relay"; readonly to: NodeId; readonly bytes: Uint8Array }
  /** A datagram that is another thread's: data of its keys, or none, which is thread 0's. */
  | { readonly kind: "strayed"; readonly bytes: Uint8Array<ArrayBuffer>; readonly path: Path }
  | {
      readonly kind: "received";
      readonly peer: NodeId;
      readonly localIndex: number;
      readonly data: boolean;
      readonly bytes: number;
      readonly path: Path;
      /** When the last of it was, CLOCK_BOOTTIME in milliseconds; kept where there are several threads. */
      readonly at: number;
    }
  | {
      readonly kind: "sent";
      readonly peer: NodeId;
      readonly data: boolean;
      readonly counter: number;
      readonly bytes: number;
      readonly at: number;
    }
  | { readonly kind: "closed" };

/** Descriptors that a thread works on, and closes. */
export interface ThreadEnds {
  readonly socket: number;
  readonly queue: number;
}

/** Those that carry a packet; the rest is never dropped. */
export type Packet = Extract<FromPlane, { readonly kind: "datagram" | "unsent" | "relay" | "strayed" }>;

/** What a thread is started with. */
export interface PlaneData {
  /** Its number, and how many there are. */
  readonly thread: number;
  readonly threads: number;
  /** Absent for thread 0, which opens everything. */
  readonly given: (ThreadEnds & { readonly port: number; readonly dualStack: boolean }) | undefined;
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
  /** Lists that the main thread has posted. */
  posted: 3,
} as const;

/** Packets that may wait in either direction; those beyond are dropped and counted. */
export const queueLimit = 4096;
