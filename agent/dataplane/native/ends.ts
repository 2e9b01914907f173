// What a thread works on: thread 0 opens sockets and queues for all, the others are given theirs.
import type { Native } from "../../system/native.ts";
import type { NativeCalls } from "../../system/native-calls.ts";
import type { Arena } from "./arena.ts";
import { openQueues, openSockets } from "./devices.ts";
import type { PlaneData, ThreadEnds } from "./messages.ts";
import type { OffloadRegister } from "./offloads.ts";

export interface Ends extends ThreadEnds {
  readonly port: number;
  readonly dualStack: boolean;
  /** Of the threads after this one. */
  readonly others: readonly ThreadEnds[];
}

/**
 * Opens them, or takes what is given.
 * @throws TunnelMeshError TM_AGENT_PORT_IN_USE, TM_AGENT_NO_TUN @throws Error where the kernel refuses several sockets
 */
export function takeEnds(
  native: Native,
  calls: NativeCalls,
  arena: Arena,
  offloads: OffloadRegister,
  { given, interface: name, udpPort, threads }: PlaneData,
): Ends {
  if (given !== undefined) return { ...given, others: [] };
  const { fds, port, dualStack } = openSockets(calls, arena, offloads, udpPort, threads);
  let queues: readonly number[];
  try {
    queues = openQueues(native, calls, offloads, name, threads);
  } catch (error) {
    // Descriptors outlive their thread, and the port is wanted again by whoever tries next.
    for (const fd of fds) calls.close(fd);
    throw error;
  }
  const [first, ...others] = fds.map((socket, thread): ThreadEnds => ({ socket, queue: queues[thread]! }));
  return { ...first!, port, dualStack, others };
}
