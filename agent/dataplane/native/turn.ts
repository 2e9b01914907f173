// Gives the program that receives UDP from the tunnel its turn, or what is opened for it is lost before it can take it.
import type { NativeCalls } from "../../system/native-calls.ts";
import { udp } from "./packet.ts";

/**
 * UDP packets that are written between two sleeps. The kernel puts each into the program's socket, which holds some 270 small ones by
 * default and drops the rest; our own socket holds thousands meanwhile.
 */
const manyPackets = 128;
/** Microseconds. The kernel's timer slack makes 50 to 60 of it. */
const pause = 1;

/**
 * Sleeps once in so many UDP packets. TCP waits for its receiver by itself. It is never a sched_yield: Linux 6.19, and
 * 6.12 from 6.12.63 on, charge the caller for the rest of its slice, so a thread that yields often gets nothing beside a busy program.
 */
export class Turn {
  readonly #calls: Pick<NativeCalls, "usleep">;
  #written = 0;

  constructor(calls: Pick<NativeCalls, "usleep">) {
    this.#calls = calls;
  }

  /** Call after a write of `joined` packets of the protocol. */
  give(protocol: number, joined: number): void {
    if (protocol !== udp) return;
    this.#written += joined;
    if (this.#written < manyPackets) return;
    this.#written = 0;
    this.#calls.usleep(pause);
  }
}
