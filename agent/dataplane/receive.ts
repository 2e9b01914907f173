// What the portable data plane makes of a datagram of type 4: refused with a reason, a keepalive, or a packet for the interface.
import type { NodeId } from "../../protocol/brand.ts";
import { classify } from "../../protocol/wireguard/classify.ts";
import type { PacketFilter } from "./filter.ts";
import { readInner } from "./inner.ts";
import type { KeyTable } from "./keys.ts";
import type { RoutingTable } from "./routing.ts";

export interface Received {
  /** Names of the counters that it counts under; the path's is not among them. */
  readonly refused: string | undefined;
  /** Set as soon as it authenticated and was new, whatever is in it. */
  readonly from: { readonly peer: NodeId; readonly localIndex: number } | undefined;
  /** A packet for the interface; a view. */
  readonly packet: Uint8Array | undefined;
  /** Whether there was more in it than a keepalive. */
  readonly data: boolean;
}

export function receiveData(
  datagram: Uint8Array,
  keys: KeyTable,
  routes: RoutingTable,
  filter: PacketFilter,
  now: number,
): Received {
  const message = classify(datagram);
  if (message.kind !== "data") return refusal("received_malformed");
  const opened = keys.open(datagram, message.receiverIndex, message.counter, now);
  if (!opened.ok) return refusal(`received_${opened.reason}`);
  const { peer, localIndex, plaintext } = opened;
  const from = { peer, localIndex };
  if (plaintext.length === 0) return { refused: undefined, from, packet: undefined, data: false };
  const inner = readInner(plaintext);
  const drop = (refused: string): Received => ({ refused, from, packet: undefined, data: true });
  if (inner === undefined) return drop("inner_malformed");
  if (routes.find(inner.family, plaintext, inner.sourceOffset) !== peer) return drop("inner_source");
  if (!filter("in", peer, plaintext, 0, inner.length)) return drop("inner_filtered");
  return { refused: undefined, from, packet: plaintext.subarray(0, inner.length), data: true };
}

function refusal(refused: string): Received {
  return { refused, from: undefined, packet: undefined, data: false };
}
