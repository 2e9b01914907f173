// Control message 03, endpoints: where the sender may be reached; replaces its last list.
//
//   0 kind 03 · 1 version · 2 count u8 · then per candidate, 20 bytes:
//   0 kind u8 · 1 address 16 (v4-mapped) · 17 port u16 little-endian · 19 priority u8
import type { Endpoint } from "../coordination/messages.ts";
import { addressBytes, addressText, assertPort, controlKinds, startMessage, viewOf } from "./format.ts";

/** The most candidates in one list, as in the coordinator channel. */
export const endpointLimit = 32;

const headLength = 3;
const entryLength = 20;
/** Kind byte = place in this list + 1. */
const endpointKinds: readonly Endpoint["kind"][] = ["local", "observed", "configured"];

export interface Candidate extends Endpoint {
  /** 0 to 255; higher is tried first. */
  readonly priority: number;
}

export interface Endpoints {
  readonly kind: "endpoints";
  readonly endpoints: readonly Candidate[];
}

/** @throws RangeError for more than 32 candidates, a bad port or priority; Error for a bad address */
export function encodeEndpoints(endpoints: readonly Candidate[]): Uint8Array {
  if (endpoints.length > endpointLimit) throw new RangeError(`more than ${endpointLimit} endpoints`);
  const { message, view } = startMessage(controlKinds.endpoints, headLength + endpoints.length * entryLength);
  message[2] = endpoints.length;
  for (const [index, { kind, address, port, priority }] of endpoints.entries()) {
    assertPort(port);
    if (!Number.isInteger(priority) || priority < 0 || priority > 255) throw new RangeError("a priority is 0 to 255");
    const offset = headLength + index * entryLength;
    message[offset] = endpointKinds.indexOf(kind) + 1;
    message.set(addressBytes(address), offset + 1);
    view.setUint16(offset + 17, port, true);
    message[offset + 19] = priority;
  }
  return message;
}

/** Undefined unless the length fits the count, the count is at most 32, every kind is known and every port above 0. */
export function decodeEndpoints(message: Uint8Array): Endpoints | undefined {
  const count = message[2];
  if (count === undefined || count > endpointLimit) return undefined;
  if (message.length !== headLength + count * entryLength) return undefined;
  const endpoints: Candidate[] = [];
  for (let offset = headLength; offset < message.length; offset += entryLength) {
    const kind = endpointKinds[message[offset]! - 1];
    const port = viewOf(message).getUint16(offset + 17, true);
    if (kind === undefined || port === 0) return undefined;
    const address = addressText(message.subarray(offset + 1, offset + 17));
    endpoints.push({ kind, address, port, priority: message[offset + 19]! });
  }
  return { kind: "endpoints", endpoints };
}
