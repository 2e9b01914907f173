// What the two processes of the churn tell each other, a line of JSON each.
import type { TunnelPeerConfig } from "../../fixtures/tunnel-config.ts";

/** Comes first, on standard input. */
export interface ChurnOrder {
  readonly hub: TunnelPeerConfig;
  readonly psk: string;
  /** Where peers may come from; each takes a port of its own. */
  readonly addresses: readonly string[];
  /** How many peers at a time live for seconds, stay, and come back after minutes. */
  readonly passing: number;
  readonly staying: number;
  readonly sleeping: number;
}

export interface ChurnReport {
  /** Since the start. */
  readonly done: Readonly<Record<"lives" | "roams" | "replacedKeys" | "returns" | "requests" | "answers", number>>;
  /** The whole map, where it changed. */
  readonly peers?: readonly TunnelPeerConfig[];
}
