// A thread's queue of the TUN device: written to, lost when the interface goes away, and had again when it is made anew.
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Native } from "../../system/native.ts";
import type { NativeCalls } from "../../system/native-calls.ts";
import type { Arena } from "./arena.ts";
import { openQueues } from "./devices.ts";
import { layout } from "./layout.ts";
import type { FromPlane } from "./messages.ts";
import type { OffloadRegister } from "./offloads.ts";
import { errno } from "./send-error.ts";
import { tally } from "./tallies.ts";
import { Turn } from "./turn.ts";

export interface TunEndParts {
  readonly arena: Arena;
  readonly native: Native;
  readonly calls: NativeCalls;
  readonly offloads: OffloadRegister;
  readonly tallies: Float64Array;
  readonly say: (message: FromPlane) => void;
}

export class TunEnd {
  readonly #parts: TunEndParts;
  readonly #turn: Turn;
  /** -1 while there is none. */
  fd: number;
  /** Grows each time the interface is made again. */
  #generation = 0;

  constructor(parts: TunEndParts, fd: number) {
    this.#parts = parts;
    this.#turn = new Turn(parts.calls);
    this.fd = fd;
  }

  /** Writes `count` entries of the write list, a packet joined of so many. False: the kernel takes none of so many. */
  write(count: number, joined: number, protocol: number): boolean {
    const { arena, calls, tallies } = this.#parts;
    tallies[tally.tun_writes]! += 1;
    if (joined > 1) tallies[tally.tun_joined]! += joined;
    let taken = true;
    if (this.fd < 0 || calls.writev(this.fd, arena.base + layout.writeList, count) < 0) {
      tallies[tally.tun_write]! += joined;
      taken = calls.errno() !== errno.invalid;
    }
    this.#turn.give(protocol, joined);
    return taken;
  }

  /** Makes the interface again with so many queues: the first is this thread's. */
  reopen(name: string, count: number): void {
    const { native, calls, offloads, say } = this.#parts;
    this.close();
    this.#generation += 1;
    const generation = this.#generation;
    try {
      const [own = -1, ...queues] = openQueues(native, calls, offloads, name, count);
      this.fd = own;
      say({ kind: "reopened", failure: undefined, queues, generation });
    } catch (error) {
      const failure = isTunnelMeshError(error) ? error.message : String(error);
      say({ kind: "reopened", failure, queues: [], generation });
    }
  }

  /** Takes a queue that another thread opened. */
  replace(fd: number, generation: number): void {
    this.close();
    this.fd = fd;
    this.#generation = generation;
  }

  lose(reason: string): void {
    this.close();
    this.#parts.say({ kind: "gone", reason, generation: this.#generation });
  }

  close(): void {
    if (this.fd >= 0) this.#parts.calls.close(this.fd);
    this.fd = -1;
  }
}
