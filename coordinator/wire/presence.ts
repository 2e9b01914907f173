// Presence as messages: who is connected and where each may be reached, in chunks that fit a frame.

import ipaddr from "ipaddr.js";
import type { z } from "zod";
import { encodeCoordination } from "../../protocol/coordination/frame.ts";
import type { Endpoint, presenceSchema } from "../../protocol/coordination/messages.ts";

export type PeerPresence = z.infer<typeof presenceSchema>["peers"][number];

const countLimit = 256;
const byteLimit = 60_000;
const endpointLimit = 32;

/** Messages that carry `peers`; with `replace` the first one says so, and there is at least one. */
export function encodePresence(peers: readonly PeerPresence[], replace: boolean): Uint8Array[] {
  const messages: Uint8Array[] = [];
  let chunk: PeerPresence[] = [];
  let bytes = 0;
  const flush = (): void => {
    messages.push(encodeCoordination("presence", { replace: replace && messages.length === 0, peers: chunk }));
    chunk = [];
    bytes = 0;
  };
  for (const peer of peers) {
    const size = Buffer.byteLength(JSON.stringify(peer)) + 1;
    if (chunk.length > 0 && (chunk.length >= countLimit || bytes + size > byteLimit)) flush();
    chunk.push(peer);
    bytes += size;
  }
  if (chunk.length > 0 || (replace && messages.length === 0)) flush();
  return messages;
}

/**
 * What others are told: the node's own list, and the address its WebSocket came from with the UDP port that the node named.
 * Without a port, and for addresses that mean nothing elsewhere, there is no such hint.
 */
export function withObserved(endpoints: readonly Endpoint[], address: string): Endpoint[] {
  const port = (endpoints.find((one) => one.kind === "local") ?? endpoints[0])?.port;
  const known = endpoints.some((one) => one.address === address && one.port === port);
  if (port === undefined || known || !ipaddr.isValid(address)) return [...endpoints];
  const range = ipaddr.process(address).range();
  if (range === "loopback" || range === "linkLocal" || range === "unspecified") return [...endpoints];
  return [...endpoints.slice(0, endpointLimit - 1), { kind: "observed", address, port }];
}
