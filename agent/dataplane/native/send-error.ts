// Errors of a send by number: each is about a datagram, a path or an offload, never about the data plane as a whole.
import { type Tally, tally } from "./tallies.ts";

/** Linux, x86-64 and arm64 alike (errno(3)). */
export const errno = {
  interrupted: 4,
  inputOutput: 5,
  again: 11,
  invalid: 22,
  badDescriptorState: 77,
  messageSize: 90,
  noBuffers: 105,
} as const;

const names: Readonly<Record<number, Tally>> = {
  1: "udp_send_EPERM",
  11: "udp_send_EAGAIN",
  13: "udp_send_EACCES",
  22: "udp_send_EINVAL",
  90: "udp_send_EMSGSIZE",
  101: "udp_send_ENETUNREACH",
  105: "udp_send_ENOBUFS",
  111: "udp_send_ECONNREFUSED",
  113: "udp_send_EHOSTUNREACH",
};

/** Counts datagrams that did not leave. */
export function countSendError(tallies: Float64Array, code: number, datagrams: number): void {
  tallies[tally[names[code] ?? "udp_send_other"]]! += datagrams;
  tallies[tally.dropped_direct]! += datagrams;
}
