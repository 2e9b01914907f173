// State, events and effects of the ways to one peer.
import type { DirectPath, Path } from "../transport/path.ts";

/** Where a candidate came from: reported by the coordinator or the disk, told by the peer, or seen as a source. */
export type CandidateSource = "reported" | "told" | "seen";

export interface Outstanding {
  /** Transaction, hexadecimal. */
  readonly transaction: string;
  readonly key: string;
  readonly sentAt: number;
}

/** The direct path in use. Only an answered probe makes or moves it (protocol.md §6b). */
export type Direct =
  | { readonly kind: "none" }
  | {
      readonly kind: "chosen";
      readonly path: DirectPath;
      readonly key: string;
      readonly roundTrip: number;
      readonly pongAt: number;
      readonly pingAt: number;
      readonly suspectSince: number | undefined;
      readonly renewed: boolean;
    };

export interface PathState {
  readonly candidates: Readonly<Record<CandidateSource, readonly DirectPath[]>>;
  readonly direct: Direct;
  readonly outstanding: readonly Outstanding[];
  readonly relay: { readonly usable: boolean; readonly online: boolean; readonly heardAt: number | undefined };
  readonly activeAt: number;
  /** Last packet sent, and last one that authenticated on the direct path. */
  readonly sentAt: number;
  readonly directHeardAt: number;
  readonly controlReady: boolean;
  readonly round: { readonly attempt: number; readonly at: number };
  /** When the peer's own news, candidates or a new session, last started a series of rounds. */
  readonly newsAt: number;
}

export type PathEvent =
  | { readonly kind: "candidates"; readonly source: CandidateSource; readonly paths: readonly DirectPath[] }
  /** These are no ways after all, whoever named them. */
  | { readonly kind: "withdrawn"; readonly paths: readonly DirectPath[] }
  | { readonly kind: "relay"; readonly usable: boolean; readonly online: boolean }
  /** The peer should be reachable now. */
  | { readonly kind: "active" }
  | { readonly kind: "sent" }
  /** A packet of the peer authenticated on this path. */
  | { readonly kind: "heard"; readonly path: Path; readonly data: boolean }
  | { readonly kind: "pong"; readonly transaction: string; readonly path: Path }
  | { readonly kind: "control"; readonly ready: boolean }
  | { readonly kind: "time" };

export type PathEffect =
  | { readonly kind: "ping"; readonly path: DirectPath; readonly transaction: Uint8Array }
  /** The control session does not answer any more: make a new one. */
  | { readonly kind: "renewControl" }
  | { readonly kind: "unmatchedPong" }
  | { readonly kind: "moved"; readonly from: string; readonly to: string };

export interface PathContext {
  readonly now: number;
  readonly random: (length: number) => Uint8Array;
}

export interface PathStep {
  readonly state: PathState;
  readonly effects: readonly PathEffect[];
}

export function emptyPaths(now: number): PathState {
  return {
    candidates: { reported: [], told: [], seen: [] },
    direct: { kind: "none" },
    outstanding: [],
    relay: { usable: false, online: false, heardAt: undefined },
    activeAt: now,
    sentAt: Number.NEGATIVE_INFINITY,
    directHeardAt: Number.NEGATIVE_INFINITY,
    controlReady: false,
    round: { attempt: 0, at: now },
    newsAt: Number.NEGATIVE_INFINITY,
  };
}
